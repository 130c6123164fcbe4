import { type HostTensor, hostTensor, matmul, Rng, type Tensor, tensor } from "@dl/core";
import { describe, expect, test } from "vitest";
import { Dense, drawShapes, onDevice, ShapeNet } from "../explain-fixture.ts";
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
  });
});

test("segments of a picture: squares of a grid, and values spread over them", () => {
  const grid = gridSegments(4, 5, { size: 2 });
  expect([...grid.data]).toEqual([0, 0, 1, 1, 2, 0, 0, 1, 1, 2, 3, 3, 4, 4, 5, 3, 3, 4, 4, 5]);
  expect([...spreadSegments([9, 8, 7, 6, 5, 4], grid).data].slice(0, 5)).toEqual([9, 9, 8, 8, 7]);
});

test("a picture by segments: what covers the drawing matters, with all channels", async () => {
  await onDevice(async (device) => {
    using model = new ShapeNet(new Rng(1));
    const { images } = drawShapes(1, new Rng(2));
    const one = { ...images, shape: images.shape.slice(1) };
    const { values } = await featureAblation(one, {
      device,
      forward: (x) => model.forward(x),
      segments: gridSegments(16, 16, { size: 8 }),
    });
    expect(values).toHaveLength(4);
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
    await expect(featureAblation(x, { ...options, target: 7 })).rejects.toThrow("expected targets from 0 to 1, got 7");
    expect(() => gridSegments(2, 2, { size: 0 })).toThrow("expected a size of at least 1, got 0");
  });
});
