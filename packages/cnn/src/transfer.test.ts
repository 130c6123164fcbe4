import { OptionError, Rng, tensor, valueAndGrad } from "@dl/core";
import { crossEntropy, inference, readState, Sgd } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { intermediateOutputs } from "./intermediate-outputs.ts";
import { ResNet, resnet20 } from "./resnet.ts";
import { expectNear, onDevice, precisions } from "./torch-fixture.ts";
import { parametersOf, replaceHead } from "./transfer.ts";

const rng = new Rng(1);
const small = { ...resnet20, depths: [1, 1], width: 4, classes: 3 };
const images = rng.fork("images").normal([2, 8, 8, 3]);
const wasm = precisions.at(-1)!.backend;

describe("intermediateOutputs", () => {
  test("gives what is computed on the way: the head over the mean of the last stage is the logits", async () => {
    await onDevice(wasm(), async (device) => {
      using model = new ResNet({ ...small, rng });
      const { logits, again, first, last } = await device.compute(() => {
        const { logits, outputs } = intermediateOutputs(model, tensor(images), { paths: ["stages.0.0", "stages.1.0"] });
        const last = outputs.get("stages.1.0")!;
        return { logits, first: outputs.get("stages.0.0")!, last, again: model.head.forward(last.mean([1, 2])) };
      });
      expect(first.shape).toEqual([2, 8, 8, 4]);
      expect(last.shape).toEqual([2, 4, 4, 8]);
      expectNear(again, logits, [1e-6, 1e-5], "logits");
    });
  });

  test("gradients flow through them", async () => {
    await onDevice(wasm(), async (device) => {
      using model = new ResNet({ ...small, rng });
      const stem = model.stem.conv.weight;
      const gradient = await device.compute(() => {
        const energy = () =>
          intermediateOutputs(model, tensor(images), { paths: ["stages.0.0"] })
            .outputs.get("stages.0.0")!
            .square()
            .sum();
        return valueAndGrad(energy, [stem]).grads.get(stem)!;
      });
      expect(gradient.data.some((value) => value !== 0)).toBe(true);
    });
  });

  test("a path the model has not is named, with what is there", async () => {
    await onDevice(wasm(), async (device) => {
      using model = new ResNet({ ...small, rng });
      const wrong = device.compute(() => intermediateOutputs(model, tensor(images), { paths: ["stages.1.0.layer9"] }).logits);
      await expect(wrong).rejects.toThrow(OptionError);
      await expect(wrong).rejects.toThrow(
        /got "stages\.1\.0\.layer9"\. stages\.1\.0 holds stages\.1\.0\.layer1, stages\.1\.0\.layer2, stages\.1\.0\.shortcut\./,
      );
    });
  });
});

describe("transfer", () => {
  test("a new head has the new classes; the rest keeps its bits, and the old head's memory is freed", async () => {
    await onDevice(wasm(), async (device) => {
      using model = new ResNet({ ...small, rng });
      await device.compute(() => model.forward(tensor(images), inference));
      const before = await readState(model);
      replaceHead(model, { classes: 7, rng: rng.fork("head") });
      const logits = await device.compute(() => model.forward(tensor(images), inference));
      expect(logits.shape).toEqual([2, 7]);
      for (const [path, tensor] of await readState(model)) if (!path.startsWith("head.")) expect(tensor).toEqual(before.get(path));
      expect(() => replaceHead(model, { classes: 0, rng })).toThrow(/whole number of classes, got 0/);
    });
  });

  test("what no gradient is asked for stays as it is, running statistics included", async () => {
    await onDevice(wasm(), async (device) => {
      using model = new ResNet({ ...small, rng });
      const head = parametersOf(model, ["head"]);
      using optimizer = new Sgd(head, { learningRate: 0.5 });
      const before = await readState(model);
      await device.compute(() => {
        const { grads } = valueAndGrad(() => crossEntropy(model.forward(tensor(images), inference), tensor(Int32Array.of(0, 2))), head);
        optimizer.update(grads);
      });
      for (const [path, tensor] of await readState(model)) {
        if (path.startsWith("head.")) expect(tensor, path).not.toEqual(before.get(path));
        else expect(tensor, path).toEqual(before.get(path));
      }
    });
  });

  test("parts are named by the paths of modules", () => {
    using model = new ResNet({ ...small, rng });
    expect(parametersOf(model, ["stages.1.0", "head"])).toHaveLength(2 * 3 + 2);
    expect(parametersOf(model, ["head", "head"])).toHaveLength(2);
    expect(() => parametersOf(model, ["fc"])).toThrow(
      /parametersOf: expected the path of a module of ResNet, got "fc"\. It holds stem, .*head/,
    );
    expect(() => parametersOf(model, [])).toThrow(/got no paths/);
  });
});
