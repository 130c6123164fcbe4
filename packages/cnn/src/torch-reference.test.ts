import { Rng, tensor, valueAndGrad } from "@dl/core";
import { crossEntropy, inference, Sgd, training } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { expectNear, onDevice, precisions, readNumbers, references } from "./torch-fixture.ts";
import { loadTorchState, torchState } from "./torch-state.ts";
import { toTorch } from "./torch-weights.ts";

describe.each(references)("$folder as PyTorch", ({ folder, model: make, library = "torchvision" }) => {
  const { weights, images, labels, expected, meta } = readNumbers(folder);
  const named = (prefix: string): string[] =>
    [...expected.keys()]
      .filter((name) => name.startsWith(prefix) && !name.endsWith("num_batches_tracked"))
      .map((name) => name.slice(prefix.length));

  test("has as many parameters", () => {
    using model = make();
    expect(model.parameterCount).toBe(meta.parameters);
  });

  test.each(precisions)("on $name: logits, loss, gradients, and the state after one step", async (precision) => {
    await onDevice(precision.backend(), async (device) => {
      using model = make();
      loadTorchState(model, weights, { library });
      const logits = await device.compute(() => model.forward(tensor(images), inference));
      expectNear(logits, expected.get("eval.logits")!, precision.logits, "logits in inference");

      using optimizer = new Sgd(model.parameters(), { learningRate: meta.lr, weightDecay: meta.weight_decay });
      const parameters = [...model.namedParameters()];
      const step = await device.compute(() => {
        const { value, grads } = valueAndGrad(() => {
          const logits = model.forward(tensor(images), training(new Rng(0)));
          return { loss: crossEntropy(logits, tensor(labels)), logits };
        }, model.parameters());
        optimizer.update(grads);
        return { ...value, grads: parameters.map(([, parameter]) => grads.get(parameter)!) };
      });
      expect(Math.abs(step.loss - meta.loss)).toBeLessThan(precision.logits[0] + precision.logits[1] * meta.loss);
      expectNear(step.logits, expected.get("train.logits")!, precision.training, "logits in training");

      const gradients = new Map(
        parameters.map(([path], i) => {
          const { name, image, shape } = (library === "timm" ? model.timmPlace?.(path) : undefined) ?? model.torchPlace(path);
          const gradient = toTorch(step.grads[i]!, { image });
          return [name, { ...gradient, shape: shape ?? gradient.shape }];
        }),
      );
      const after = await torchState(model, { library });
      expect(named("grad.").length).toBeGreaterThan(4);
      for (const name of named("grad."))
        expectNear(gradients.get(name)!, expected.get(`grad.${name}`)!, precision.training, `grad ${name}`);
      for (const name of named("after.")) expectNear(after.get(name)!, expected.get(`after.${name}`)!, precision.training, `after ${name}`);
    });
  });
});
