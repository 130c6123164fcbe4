import { type HostTensor, hostTensor, matmul, Rng, type Tensor, tensor } from "@dl/core";
import { Embedding } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { Dense, onDevice } from "../explain-fixture.ts";
import { featureAblation } from "./feature-ablation.ts";
import { kernelShap } from "./kernel-shap.ts";
import { solveLeastSquares } from "./least-squares.ts";
import { lime } from "./lime.ts";
import { occlusion } from "./occlusion.ts";
import { gridSegments, spreadSegments } from "./segments.ts";

const segments = (...numbers: number[]): HostTensor => hostTensor(Int32Array.from(numbers), [numbers.length]);
const example = (...numbers: number[]): HostTensor => hostTensor(Float32Array.from(numbers), [numbers.length]);
/** Score of class 0: 3a − 4b + 2c. */
const linear = (x: Tensor): Tensor =>
  matmul(
    x,
    tensor([
      [3, 0],
      [-4, 0],
      [2, 0],
    ]).cast(x.dtype),
  );
/** Score of class 0: a·b + c. */
const product = (x: Tensor): Tensor => {
  const [a, b, c] = [0, 1, 2].map((i) => x.slice([0, i], [x.shape[0]!, 1]));
  return matmul(a!.mul(b!).add(c!), tensor([[1, 0]]).cast(x.dtype));
};

describe("of a linear model every method says what each segment brings", () => {
  const options = { segments: segments(0, 1, 1), target: 0, rng: new Rng(1) };
  const expected = [3, -4 * 2 + 2 * 5];
  test("ablation and SHAP exactly, LIME without a penalty", async () => {
    await onDevice(async (device) => {
      const all = { ...options, device, forward: linear };
      const x = example(1, 2, 5);
      for (const { values, score, baselineScore } of [
        await featureAblation(x, all),
        await kernelShap(x, all),
        await lime(x, { ...all, samples: 50, ridge: 0 }),
      ]) {
        expected.forEach((value, i) => {
          expect(values[i]).toBeCloseTo(value, 5);
        });
        expect([score, baselineScore]).toEqual([5, 0]);
      }
    });
  });
});

describe("KernelSHAP", () => {
  test("by hand: a product is shared by halves", async () => {
    await onDevice(async (device) => {
      const { values } = await kernelShap(example(4, 6, 5), {
        device,
        forward: product,
        segments: segments(0, 1, 2),
        target: 0,
        rng: new Rng(1),
      });
      [12, 12, 5].forEach((value, i) => {
        expect(values[i]).toBeCloseTo(value, 5);
      });
    });
  });

  test.each([
    [6, 2048, 0],
    [24, 200, 0.5],
  ])("additivity: values of %i segments add up to score − score of the baseline, by %i samples", async (inputs, samples, baseline) => {
    await onDevice(async (device) => {
      using model = new Dense({ inputs });
      const x = hostTensor(Float32Array.from(new Rng(3).normal([inputs]).data), [inputs]);
      const options = {
        device,
        forward: (y: Tensor) => model.forward(y),
        segments: segments(...x.data.keys()),
        baseline,
        rng: new Rng(4),
        samples,
      };
      const { values, score, baselineScore } = await kernelShap(x, options);
      expect(values.reduce((a, b) => a + b)).toBeCloseTo(score - baselineScore, 9);
    });
  });

  test("exact values are the averages over all orders, sampled ones come near them", async () => {
    await onDevice(async (device) => {
      using model = new Dense({ inputs: 5 });
      const x = hostTensor(Float32Array.from(new Rng(5).normal([5]).data), [5]);
      const forward = (y: Tensor): Tensor => model.forward(y);
      const options = { device, forward, segments: segments(0, 1, 2, 3, 4), target: 1, rng: new Rng(6) };
      const exact = await kernelShap(x, options);
      // Every order of five, and what each input adds when its turn comes.
      const orders = (left: number[]): number[][] =>
        left.length === 0 ? [[]] : left.flatMap((i) => orders(left.filter((j) => j !== i)).map((rest) => [i, ...rest]));
      const masks = Array.from({ length: 32 }, (_, bits) => Float64Array.from(x.data, (value, i) => ((bits >> i) & 1 ? value : 0)));
      const scores = (await device.compute(() =>
        forward(tensor(hostTensor(Float64Array.from(masks.flatMap((m) => [...m])), [32, 5]))),
      )) as HostTensor;
      const shapley = new Float64Array(5);
      for (const order of orders([0, 1, 2, 3, 4])) {
        let bits = 0;
        for (const i of order) {
          shapley[i]! += (scores.data[3 * (bits | (1 << i)) + 1]! - scores.data[3 * bits + 1]!) / 120;
          bits |= 1 << i;
        }
      }
      shapley.forEach((value, i) => {
        expect(exact.values[i]).toBeCloseTo(value, 5);
      });
      const sampled = await kernelShap(x, { ...options, samples: 28 });
      sampled.values.forEach((value, i) => {
        expect(Math.abs(value - shapley[i]!)).toBeLessThan(0.1);
      });
    });
  });
});

test("occlusion covers every pixel once more than never, and finds where the score comes from", async () => {
  await onDevice(async (device) => {
    // Class 0 sees the pixel (2, 5) alone.
    const forward = (x: Tensor): Tensor =>
      matmul(x.slice([0, 2, 5, 0], [x.shape[0]!, 1, 1, 1]).reshape([x.shape[0]!, 1]), tensor([[1, 0]]).cast(x.dtype));
    const image = hostTensor(new Float32Array(7 * 7).fill(2), [1, 7, 7, 1]);
    const map = (await device.compute(() => occlusion(tensor(image), { forward, window: 3, stride: 2, target: 0 }))) as HostTensor;
    expect(map.shape).toEqual([1, 7, 7]);
    expect(Math.max(...map.data)).toBe(2);
    expect(map.data[2 * 7 + 5]).toBe(2);
    expect(map.data[6 * 7]).toBe(0);
    await expect(device.compute(() => occlusion(tensor(image), { forward, window: 8 }))).rejects.toThrow(
      "expected a window from 1 to 7, got 8",
    );
    await expect(device.compute(() => occlusion(tensor(image), { forward, window: 3, fill: Number.NaN }))).rejects.toThrow(
      "a finite fill, got NaN",
    );
  });
});

test("segments of a picture: squares of a grid, and values spread over them", () => {
  const grid = gridSegments(4, 5, { size: 2 });
  expect([...grid.data]).toEqual([0, 0, 1, 1, 2, 0, 0, 1, 1, 2, 3, 3, 4, 4, 5, 3, 3, 4, 4, 5]);
  expect([...spreadSegments([9, 8, 7, 6, 5, 4], grid).data].slice(0, 5)).toEqual([9, 9, 8, 8, 7]);
});

test("a picture by segments: each takes its pixels away with all their channels", async () => {
  await onDevice(async (device) => {
    const picture = hostTensor(Float32Array.of(1, 10, 2, 20, 3, 30, 4, 40), [2, 2, 2]);
    const forward = (x: Tensor): Tensor => matmul(x.reshape([x.shape[0]!, 8]).sum(1, { keepDims: true }), tensor([[1, 0]]).cast(x.dtype));
    const { values } = await featureAblation(picture, { device, forward, segments: gridSegments(2, 2, { size: 1 }), target: 0 });
    expect([...values]).toEqual([11, 22, 33, 44]);
  });
});

test("tokens stay ids: a word is taken away by the id that stands for none", async () => {
  await onDevice(async (device) => {
    // Score of class 0: the sum of what the words bring. Id 3 brings nothing.
    using table = new Embedding({ count: 4, size: 1, rng: new Rng(1) });
    table.weight.load(hostTensor(Float32Array.of(5, -2, 1, 0), [4, 1]));
    const forward = (ids: Tensor): Tensor => matmul(table.forward(ids).sum(1), tensor([[1, 0]]).cast("float64" as "float32"));
    const words = hostTensor(Int32Array.of(0, 2, 1, 0), [4]);
    const options = { device, forward, segments: segments(0, 1, 2, 3), target: 0, baseline: 3, rng: new Rng(1) };
    for (const { values } of [await featureAblation(words, options), await kernelShap(words, options)]) {
      [5, 1, -2, 5].forEach((value, i) => {
        expect(values[i]).toBeCloseTo(value, 5);
      });
    }
    await expect(lime(words, { ...options, baseline: 0.5 })).rejects.toThrow(
      "a baseline of whole numbers, as the example is int32, got 0.5",
    );
  });
});

test("least squares by hand: the line through (0, 1), (1, 3), weighted", () => {
  const solution = solveLeastSquares("test", {
    rows: [
      [1, 0],
      [1, 1],
    ],
    targets: [1, 3],
    weights: [1, 5],
    ridge: 0,
  });
  expect(solution[0]).toBeCloseTo(1, 12);
  expect(solution[1]).toBeCloseTo(2, 12);
});

test("what does not fit is an error", async () => {
  await onDevice(async (device) => {
    const options = { device, forward: linear, segments: segments(0, 1, 2), rng: new Rng(1) };
    const x = example(1, 2, 3);
    await expect(kernelShap(x, { ...options, segments: segments(0, 2, 2) })).rejects.toThrow("segments without a gap, got none numbered 1");
    await expect(kernelShap(x, { ...options, segments: segments(0, 1) })).rejects.toThrow(
      "segments of the leading axes of an example [3], got [2]",
    );
    await expect(lime(x, { ...options, samples: 1 })).rejects.toThrow("expected at least 2 samples, got 1");
    await expect(lime(x, { ...options, kernelWidth: 0 })).rejects.toThrow("a kernelWidth above 0");
    await expect(featureAblation(x, { ...options, baseline: example(1) })).rejects.toThrow(
      "a baseline of the example's shape [3], got [1]",
    );
    const turned = hostTensor(Float32Array.of(1, 2, 3), [3, 1]);
    await expect(featureAblation(x, { ...options, baseline: turned })).rejects.toThrow("the example's shape [3], got [3, 1]");
    expect(() => spreadSegments([1, 2], options.segments)).toThrow("a value for each of 3 segments, got 2");
    expect(() => spreadSegments([1, 2, 3, 4], options.segments)).toThrow("a value for each of 3 segments, got 4");
    // Without a target the scores are looked at before any is picked; and rows that are lost would count as 0.
    const flat = (y: Tensor): Tensor => linear(y).sum(1);
    await expect(lime(x, { ...options, forward: flat })).rejects.toThrow("expected scores [1, classes] of the model, got [1]");
    const single = (y: Tensor): Tensor => linear(y).slice([0, 0], [1, 2]);
    await expect(lime(x, { ...options, forward: single, samples: 4 })).rejects.toThrow("scores [6, classes] of the model, got [1, 2]");
    await expect(featureAblation(x, { ...options, target: 7 })).rejects.toThrow("expected targets from 0 to 1, got 7");
    expect(() => gridSegments(2, 2, { size: 0 })).toThrow("expected a size of at least 1, got 0");
  });
});
