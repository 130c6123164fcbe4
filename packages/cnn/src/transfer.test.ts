import { type HostTensor, OptionError, Rng, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { crossEntropy, inference, type Mode, readState, Sgd } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { Airbench } from "./airbench.ts";
import type { ImageClassifier } from "./image-classifier.ts";
import { intermediateOutputs } from "./intermediate-outputs.ts";
import { KerasCnn } from "./keras-cnn.ts";
import { ResNet, resnet20 } from "./resnet.ts";
import { expectNear, onDevice, precisions, readNumbers, references, type TorchClassifier } from "./torch-fixture.ts";
import { parametersOf, replaceHead, type WithHead } from "./transfer.ts";
import { Vgg } from "./vgg.ts";

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

/** A classifier whose last layer can be replaced. */
type Headed = ImageClassifier & WithHead & { features(images: Tensor, mode: Mode): Tensor };

/** All of this package that have a head: those PyTorch ran, and KerasCnn. */
const headed: [string, { make: () => Headed; images: HostTensor }][] = [
  ...references
    .filter(({ folder }) => folder !== "lenet")
    .map(({ folder, model }): [string, { make: () => Headed; images: HostTensor }] => [
      folder,
      { make: () => model() as TorchClassifier & Headed, images: readNumbers(folder).images },
    ]),
  [
    "keras_cnn",
    {
      make: () => new KerasCnn({ imageSize: 22, channels: 1, classes: 5, filters: [2, 3, 4], hidden: 6, rng }),
      images: rng.fork("grey").normal([2, 22, 22, 1]),
    },
  ],
  [
    "vgg, nothing hidden",
    {
      make: () => new Vgg({ stages: [[4], [6]], pooledSize: 1, hidden: [], classes: 5, rng }),
      images: rng.fork("colour").normal([2, 8, 8, 3]),
    },
  ],
];

describe.each(headed)("the head of %s", (_, { make, images }) => {
  const two = { ...images, shape: [2, ...images.shape.slice(1)], data: images.data.slice(0, (2 * images.data.length) / images.shape[0]!) };

  test("over its features is the logits, and what intermediateOutputs finds at head", async () => {
    await onDevice(wasm(), async (device) => {
      using model = make();
      const inputs = model.head.weight.shape[0]!;
      const scale = model instanceof Airbench ? model.logitScale : 1;
      const { logits, features, again, inside } = await device.compute(() => {
        const { logits, outputs } = intermediateOutputs(model, tensor(two), { paths: ["head"] });
        const features = model.features(tensor(two), inference);
        return { logits, features, again: model.head.forward(features).mul(scale), inside: outputs.get("head")!.mul(scale) };
      });
      expect(features.shape).toEqual([2, inputs]);
      expectNear(again, logits, [1e-6, 1e-5], "the head over the features");
      expectNear(inside, logits, [1e-6, 1e-5], "the output of the head");
    });
  });

  test("is replaced, and trained alone: the rest keeps its bits", async () => {
    await onDevice(wasm(), async (device) => {
      using model = make();
      const before = await readState(model);
      replaceHead(model, { classes: 7, rng: rng.fork("new head") });
      const own = parametersOf(model, ["head"]);
      expect(own.map(({ shape }) => shape)).toEqual(
        [...(model.head.bias ? [[7]] : []), [before.get("head.weight")!.shape[0], 7]].reverse(),
      );
      using optimizer = new Sgd(own, { learningRate: 0.5 });
      const started = await model.head.weight.read();
      const logits = await device.compute(() => {
        const lossOf = () => crossEntropy(model.forward(tensor(two), inference), tensor(Int32Array.of(0, 6)));
        optimizer.update(valueAndGrad(lossOf, own).grads);
        return model.forward(tensor(two), inference);
      });
      expect(logits.shape).toEqual([2, 7]);
      expect(await model.head.weight.read()).not.toEqual(started);
      for (const [path, value] of await readState(model)) if (!path.startsWith("head.")) expect(value, path).toEqual(before.get(path));
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
