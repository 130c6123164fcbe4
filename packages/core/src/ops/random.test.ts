import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { expect, test } from "vitest";
import {
  dropout,
  grad,
  OptionError,
  ones,
  openDevice,
  Rng,
  randomBernoulli,
  randomCategorical,
  randomIntegers,
  randomNormal,
  randomPermutation,
  randomTruncatedNormal,
  randomUniform,
  ShapeError,
  tensor,
} from "../index.ts";
import { onEach } from "../testing/reference-fixture.ts";

test("the same seed gives the same bits on every device, the float64 oracle included", async () => {
  const draw = async (backend: Parameters<typeof openDevice>[0]) => {
    await using device = await openDevice(backend);
    return device.compute(() => {
      const rng = new Rng(12);
      return [
        randomUniform([101], { rng }),
        randomNormal([7], { rng, mean: 1, standardDeviation: 2 }),
        randomBernoulli([999], { rng, probability: 0.9 }),
        dropout(ones([50]), { rate: 0.5, rng }),
      ].map((x) => x.cast("float32"));
    });
  };
  const [first, ...others] = [
    await draw(cpu()),
    await draw(wasm()),
    await draw(wasm({ threads: 1 })),
    await draw(cpu({ precision: "float64" })),
  ];
  for (const other of others) expect(other.map(({ data }) => [...data])).toEqual(first!.map(({ data }) => [...data]));
});

test("numbers drawn as tensors are those of the host's generator, on every device", async () => {
  const weights = [1, 0, 2.5, 0.1];
  const host = new Rng(7);
  const expected = [
    host.integers([3, 40], -5, 1000),
    host.categorical([200], weights),
    host.truncatedNormal([31], 1, 0.5, 1.5),
    { shape: [50], dtype: "int32", data: host.permutation(50) },
    host.normal([9], 2, 3),
    host.integers([4], 0, 2),
  ];
  for (const backend of [cpu(), wasm(), cpu({ precision: "float64" })]) {
    await using device = await openDevice(backend);
    const drawn = await device.compute(() => {
      const rng = new Rng(7);
      return [
        randomIntegers([3, 40], { rng, low: -5, high: 1000 }),
        randomCategorical([200], { rng, weights }),
        randomTruncatedNormal([31], { rng, mean: 1, standardDeviation: 0.5, bound: 1.5 }),
        randomPermutation(50, { rng }),
        randomNormal([9], { rng, mean: 2, standardDeviation: 3 }),
        randomIntegers([4], { rng, high: 2 }),
      ];
    });
    const float = device.capabilities.float;
    for (const [i, { shape, dtype, data }] of drawn.entries()) {
      expect({ shape, dtype, data: [...data] }).toEqual({
        shape: expected[i]!.shape,
        dtype: expected[i]!.dtype === "int32" ? "int32" : float,
        data: [...expected[i]!.data],
      });
    }
  }
});

onEach([cpu(), wasm()], (open) => {
  test("dropout keeps the mean, and its gradient is its mask", async () => {
    const { device } = open();
    const length = 40_000;
    const { y, mean, g } = await device.compute(() => {
      const x = ones([length]);
      const y = dropout(x, { rate: 0.25, rng: new Rng(3) });
      const [g] = grad(() => dropout(x, { rate: 0.25, rng: new Rng(3) }).sum(), [x]);
      return { y, mean: y.mean(), g: g! };
    });
    // Kept ones are 4/3; the mean has the standard deviation (1/√3)/√40000 = 0.0029: within five of them.
    expect(Math.abs(mean - 1)).toBeLessThan(5 * 0.0029);
    expect(new Set(y.data)).toEqual(new Set([0, Math.fround(4 / 3)]));
    expect(g.data).toEqual(y.data);
  });

  test("uniform numbers fill their range, and a stream moves on", async () => {
    const { device } = open();
    const rng = new Rng(5);
    const [a, b] = await device.compute(() => [
      randomUniform([2000], { rng, low: -2, high: 4 }),
      randomUniform([2000], { rng, low: -2, high: 4 }),
    ]);
    const sorted = [...a!.data].sort((p, q) => p - q);
    expect(sorted[0]).toBeGreaterThanOrEqual(-2);
    expect(sorted.at(-1)).toBeLessThan(4);
    // The distance of Kolmogorov and Smirnov; 1.95/√2000 is passed once in a thousand seeds, and this seed is fixed.
    const distance = Math.max(...sorted.map((x, i) => Math.abs((x + 2) / 6 - (i + 0.5) / 2000)));
    expect(distance).toBeLessThan(1.95 / Math.sqrt(2000));
    expect(a!.data).not.toEqual(b!.data);
  });

  test("scaled uniform numbers stay below their end", async () => {
    const { device } = open();
    // 1000 + (1 − 2⁻²⁴) is 1001 in float32; of 200,000 draws six are so near.
    const { data } = await device.compute(() => randomUniform([200_000], { rng: new Rng(6), low: 1000, high: 1001 }));
    expect(data.filter((value: number) => value >= 1001)).toHaveLength(0);
    expect([...(await device.compute(() => randomUniform([2], { rng: new Rng(6), low: 3, high: 3 }))).data]).toEqual([3, 3]);
  });

  test("rates and probabilities out of range are refused", async () => {
    const { device } = open();
    await device.compute(() => {
      const rng = new Rng(1);
      expect(() => dropout(tensor([1]), { rate: 1, rng })).toThrow(
        new OptionError("dropout: expected a rate from 0 up to, not including, 1, got 1."),
      );
      expect(() => randomBernoulli([1], { rng, probability: 1.5 })).toThrow(OptionError);
      expect(() => randomIntegers([1], { rng, low: 3, high: 3 })).toThrow(OptionError);
      expect(() => randomIntegers([-1], { rng, high: 3 })).toThrow(ShapeError);
      expect(() => randomCategorical([1], { rng, weights: [0, 0] })).toThrow("positive finite sum, got 0");
      expect(() => randomTruncatedNormal([1], { rng, bound: 0 })).toThrow("a bound above 0, got 0");
      expect(() => randomPermutation(2.5, { rng })).toThrow(ShapeError);
      expect(() => randomUniform([1], { rng, low: 2, high: 1 })).toThrow("finite bounds, low ≤ high, got 2 and 1");
      const x = tensor([1]);
      expect(dropout(x, { rate: 0, rng })).toBe(x);
    });
  });
});
