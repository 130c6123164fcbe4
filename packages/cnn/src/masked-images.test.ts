import { hostTensor, OptionError, Rng, tensor, valueAndGrad } from "@dl/core";
import { Adam, inference, training } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { MaskedImages, patchMasks } from "./masked-images.ts";
import { ResNet, resnet20 } from "./resnet.ts";
import { onDevice, precisions } from "./torch-fixture.ts";

const rng = new Rng(6);
const wasm = precisions.at(-1)!.backend;
const made = (): MaskedImages<ResNet> => {
  const encoder = new ResNet({ ...resnet20, depths: [1, 1, 1], width: 4, classes: 2, rng: rng.fork("encoder") });
  return new MaskedImages({ encoder, features: 16, stride: 4, rng: rng.fork("decoder") });
};

describe("patchMasks", () => {
  test("hide whole patches, as many in every image, and not the same ones", () => {
    const masks = patchMasks(5, { side: 8, patch: 2, ratio: 0.6, rng: rng.fork("masks") });
    const images = Array.from({ length: 5 }, (_, i) => masks.slice(64 * i, 64 * i + 64));
    for (const mask of images) {
      expect(mask.reduce((sum, value) => sum + value, 0)).toBe(Math.round(0.6 * 16) * 4);
      for (let i = 0; i < 64; i++) expect(mask[i]).toBe(mask[(i & ~9) % 64]);
    }
    expect(new Set(images.map((mask) => mask.join())).size).toBe(5);
  });

  test("patches that do not fill the image, and ratios out of range, are refused", () => {
    expect(() => patchMasks(1, { side: 9, patch: 2, ratio: 0.5, rng })).toThrow(OptionError);
    expect(() => patchMasks(1, { side: 8, patch: 2, ratio: 1, rng })).toThrow(/between 0 and 1, got 2 in 8 and 1/);
  });
});

describe("MaskedImages", () => {
  const images = rng.fork("images").uniform([4, 16, 16, 3]);
  const mask = hostTensor(patchMasks(4, { side: 16, patch: 4, ratio: 0.5, rng: rng.fork("mask") }), [4, 16, 16, 1]);

  test("what is hidden is not seen: other pixels behind the mask change nothing", async () => {
    await onDevice(wasm(), async (device) => {
      using model = made();
      const others = { ...images, data: images.data.map((value, i) => (mask.data[Math.floor(i / 3)] === 1 ? 1 - value : value)) };
      const [first, second, open] = await device.compute(() => [
        model.forward({ images: tensor(images), mask: tensor(mask) }, inference),
        model.forward({ images: tensor(others), mask: tensor(mask) }, inference),
        model.forward({ images: tensor(images), mask: tensor(mask).mul(0) }, inference),
      ]);
      expect(first!.shape).toEqual([4, 16, 16, 3]);
      expect(second!.data).toEqual(first!.data);
      expect(open!.data).not.toEqual(first!.data);
    });
  });

  test("the loss is the mean error of the hidden pixels alone, and training lowers it", async () => {
    await onDevice(wasm(), async (device) => {
      using model = made();
      const { predicted, loss } = await device.compute(() => ({
        predicted: model.forward({ images: tensor(images), mask: tensor(mask) }, inference),
        loss: model.loss({ images: tensor(images), mask: tensor(mask) }, inference),
      }));
      let [sum, count] = [0, 0];
      predicted.data.forEach((value, i) => {
        if (mask.data[Math.floor(i / 3)] !== 1) return;
        sum += Math.abs(value - images.data[i]!);
        count++;
      });
      expect(loss).toBeCloseTo(sum / count, 5);
      const losses: number[] = [];
      // The head of the classifier has no part in it.
      const trained = model.parameters().filter((parameter) => !model.encoder.head.parameters().includes(parameter));
      using optimizer = new Adam(trained, { learningRate: 0.01 });
      for (let step = 0; step < 12; step++) {
        losses.push(
          await device.compute(() => {
            const { value, grads } = valueAndGrad(() => model.loss({ images: tensor(images), mask: tensor(mask) }, training(rng)), trained);
            optimizer.update(grads);
            return value;
          }),
        );
      }
      expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]!);
    });
  });
});
