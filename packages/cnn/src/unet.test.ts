import { hostTensor, OptionError, Rng, ShapeError, tensor, valueAndGrad } from "@dl/core";
import { Adam, crossEntropy, inference, training } from "@dl/nn";
import { expect, test } from "vitest";
import { onDevice, precisions } from "./torch-fixture.ts";
import { UNet } from "./unet.ts";

const rng = new Rng(1);
const wasm = precisions.at(-1)!.backend;

test("gives logits for every pixel, and trains", async () => {
  await onDevice(wasm(), async (device) => {
    using model = new UNet({ classes: 3, width: 4, depth: 2, rng: rng.fork("init") });
    using optimizer = new Adam(model.parameters(), { learningRate: 0.02 });
    const images = rng.fork("images").normal([2, 8, 12, 3]);
    // Whether a pixel is red, green or blue.
    const brightest = (i: number): number =>
      [0, 1, 2].reduce((best, c) => (images.data[3 * i + c]! > images.data[3 * i + best]! ? c : best), 0);
    const labels = hostTensor(
      Int32Array.from({ length: 192 }, (_, i) => brightest(i)),
      [2, 8, 12],
    );
    expect((await device.compute(() => model.forward(tensor(images), inference))).shape).toEqual([2, 8, 12, 3]);
    const losses: number[] = [];
    for (let step = 0; step < 20; step++) {
      losses.push(
        await device.compute(() => {
          const lossOf = () => crossEntropy(model.forward(tensor(images), training(rng)), tensor(labels));
          const { value, grads } = valueAndGrad(lossOf, model.parameters());
          optimizer.update(grads);
          return value;
        }),
      );
    }
    expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]!);
  });
});

test("parameters of the paper's widths: 31 million", () => {
  // 64 … 1024 channels, two 3×3 convolutions a level down and up, 2×2 up-convolutions, two of every channel for batch norm.
  using model = new UNet({ channels: 1, classes: 2, width: 64, depth: 4, rng });
  const widths = [64, 128, 256, 512, 1024];
  const double = (inputs: number, outputs: number): number => 9 * outputs * (inputs + outputs) + 4 * outputs;
  const down = widths.reduce((sum, width, i) => sum + double(i === 0 ? 1 : widths[i - 1]!, width), 0);
  const up = widths.slice(0, -1).reduce((sum, width) => sum + 4 * 2 * width * width + width + double(2 * width, width), 0);
  expect(model.parameterCount).toBe(down + up + 64 * 2 + 2);
}, 30_000);

test("images that cannot be halved so often, and widths that are no numbers, are refused", async () => {
  expect(() => new UNet({ classes: 0, rng })).toThrow(OptionError);
  await onDevice(wasm(), async (device) => {
    using model = new UNet({ classes: 2, width: 2, depth: 3, rng });
    const wrong = device.compute(() => model.forward(tensor(rng.normal([1, 8, 12, 3])), inference));
    await expect(wrong).rejects.toThrow(ShapeError);
    await expect(wrong).rejects.toThrow(/multiples of 8, got 8 × 12\. Pad or resize/);
  });
});
