import { flip, type HostTensor, OptionError, Rng, type Tensor, tensor } from "@dl/core";
import { inference } from "@dl/nn";
import { expect, test } from "vitest";
import { Airbench, airbench94 } from "./airbench.ts";
import { testTimeLogits } from "./test-time-logits.ts";
import { expectNear, onDevice, precisions } from "./torch-fixture.ts";

const rng = new Rng(1);
const small = { ...airbench94, widths: [6, 8, 8], classes: 5 } as const;

test("a new block passes its input's channels on: the middle of its kernels is the identity", async () => {
  using model = new Airbench({ ...small, rng });
  const { data } = await model.blocks[1]!.conv1.weight.read(); // [3, 3, 6, 8]
  const at = (y: number, x: number, i: number, o: number): number => data[((y * 3 + x) * 6 + i) * 8 + o]!;
  for (let i = 0; i < 6; i++) {
    for (let o = 0; o < 6; o++) expect(at(1, 1, i, o)).toBe(i === o ? 1 : 0);
    expect(at(0, 2, i, i)).toBe(0);
    // The channels beyond are drawn.
    expect(at(0, 2, i, 7)).not.toBe(0);
  }
});

test("what is trained is everything but the whitening filters and the gains of the norms", () => {
  using model = new Airbench({ ...small, rng });
  const { whiteningBias, normBiases, weights } = model.trained();
  const trained = new Set([whiteningBias, ...normBiases, ...weights]);
  const rest = [...model.namedParameters()].filter(([, parameter]) => !trained.has(parameter)).map(([path]) => path);
  expect(rest).toEqual(["whitening.weight", ...[0, 1, 2].flatMap((i) => [`blocks.${i}.norm1.weight`, `blocks.${i}.norm2.weight`])]);
});

test("logits of the views are the weighted mean of six forward passes", async () => {
  await onDevice(precisions.at(-1)!.backend(), async (device) => {
    using model = new Airbench({ ...small, rng });
    const images = rng.fork("images").normal([2, 32, 32, 3]);
    model.whiten(images);
    // Row y of the moved image is row y + by, the border mirrored: −1 is 1, and 32 is 30.
    const moved = (by: number): HostTensor => {
      const at = (i: number): number => (i + by < 0 ? 1 : i + by > 31 ? 30 : i + by);
      const data = images.data.map((_, i) => {
        const [image, y, x, c] = [Math.floor(i / 3072), Math.floor(i / 96) % 32, Math.floor(i / 3) % 32, i % 3];
        return images.data[image * 3072 + at(y) * 96 + at(x) * 3 + c]!;
      });
      return { ...images, data };
    };
    const [views, two, ...parts] = await device.compute(() => {
      const pair = (image: HostTensor): Tensor[] => {
        const x = tensor(image);
        return [model.forward(x, inference), model.forward(flip(x, 2), inference)];
      };
      const x = tensor(images);
      return [testTimeLogits(model, x, { move: 1 }), testTimeLogits(model, x), ...[0, -1, 1].flatMap((by) => pair(moved(by)))];
    });
    const weighted = (weights: readonly number[]): HostTensor => ({
      ...two!,
      data: two!.data.map((_, i) => weights.reduce((sum, weight, part) => sum + weight * parts[part]!.data[i]!, 0)),
    });
    expectNear(two!, weighted([1 / 2, 1 / 2]), [1e-6, 1e-5], "two views");
    expectNear(views!, weighted([1 / 4, 1 / 4, 1 / 8, 1 / 8, 1 / 8, 1 / 8]), [1e-6, 1e-5], "six views");
  });
});

test("images that the pools do not bring to 3×3 are refused", () => {
  expect(() => new Airbench({ ...small, imageSize: 24, rng })).toThrow(OptionError);
  expect(() => new Airbench({ ...small, imageSize: 24, rng })).toThrow(/imageSize of 25 to 48, got 24/);
  expect(new Airbench({ ...small, imageSize: 25, rng }).blocks.length).toBe(3);
});
