import { type HostTensor, OptionError, Rng, ShapeError } from "@dl/core";
import { describe, expect, test } from "vitest";
import * as init from "./index.ts";

const rng = (): Rng => new Rng(7);

function moments({ data }: HostTensor): { mean: number; deviation: number; largest: number } {
  let sum = 0;
  let squares = 0;
  let largest = 0;
  for (const value of data) {
    sum += value;
    squares += value * value;
    largest = Math.max(largest, Math.abs(value));
  }
  return { mean: sum / data.length, deviation: Math.sqrt(squares / data.length), largest };
}

test("fans by hand: linear [in, out], convolution [kh, kw, in/groups, out]", () => {
  expect(init.fansOf([784, 10])).toEqual({ fanIn: 784, fanOut: 10 });
  expect(init.fansOf([3, 5, 8, 16])).toEqual({ fanIn: 3 * 5 * 8, fanOut: 3 * 5 * 16 });
  expect(() => init.fansOf([5])).toThrow(ShapeError);
  expect(() => init.heNormal([2, 3], { rng: rng(), fan: "fan_in" as "in" })).toThrow(OptionError); // fan out would have been taken
});

test("the constants", () => {
  expect([...init.zeros([2]).data, ...init.ones([2]).data, ...init.constant([1], { value: 0.5 }).data]).toEqual([0, 0, 1, 1, 0.5]);
});

describe("deviation and bound of a [5, 5, 16, 32] weight (fan in 400, fan out 800)", () => {
  const shape = [5, 5, 16, 32];
  // 12,800 draws: the deviation of a sample is off by about 1/√(2·12800) = 0.6 %; 3 % is five times that.
  test.each<[string, HostTensor, number, number | undefined]>([
    ["heNormal", init.heNormal(shape, { rng: rng() }), Math.sqrt(2 / 400), undefined],
    ["heNormal, fan out, linear", init.heNormal(shape, { rng: rng(), fan: "out", gain: init.gains.linear }), Math.sqrt(1 / 800), undefined],
    ["heUniform", init.heUniform(shape, { rng: rng() }), Math.sqrt(2 / 400), Math.sqrt(6 / 400)],
    ["glorotNormal", init.glorotNormal(shape, { rng: rng() }), Math.sqrt(2 / 1200), undefined],
    ["glorotUniform", init.glorotUniform(shape, { rng: rng() }), Math.sqrt(2 / 1200), Math.sqrt(6 / 1200)],
    ["lecunNormal", init.lecunNormal(shape, { rng: rng() }), 1 / 20, undefined],
    ["lecunUniform", init.lecunUniform(shape, { rng: rng() }), 1 / 20, Math.sqrt(3) / 20],
    ["fanInUniform", init.fanInUniform(shape, { rng: rng() }), 1 / 20 / Math.sqrt(3), 1 / 20],
    ["uniform", init.uniform(shape, { rng: rng(), low: -1, high: 1 }), 1 / Math.sqrt(3), 1],
    ["normal", init.normal(shape, { rng: rng(), standardDeviation: 0.02 }), 0.02, undefined],
    // A normal cut at two deviations has deviation 0.8796: 1 − 4φ(2)/(2Φ(2) − 1), the root of it.
    ["truncatedNormal", init.truncatedNormal(shape, { rng: rng(), standardDeviation: 0.02 }), 0.02 * 0.8796, 0.04],
  ])("%s", (_, weight, deviation, bound) => {
    const got = moments(weight);
    expect(weight.shape).toEqual(shape);
    expect(Math.abs(got.deviation / deviation - 1)).toBeLessThan(0.03);
    expect(Math.abs(got.mean)).toBeLessThan(5 * deviation * Math.sqrt(1 / 12_800));
    if (bound !== undefined) {
      expect(got.largest).toBeLessThanOrEqual(bound * (1 + 1e-6)); // float32 rounds the bound
      expect(got.largest).toBeGreaterThan(bound * 0.99);
    }
  });
});

test("gains: torch.nn.init.calculate_gain", () => {
  expect(init.leakyReluGain(0)).toBe(init.gains.relu);
  expect(init.leakyReluGain(0.2)).toBeCloseTo(1.3867504906, 9);
});

test.each([[[6, 4]], [[4, 6]], [[3, 3, 2, 5]], [[5, 5]]])("orthogonal %j: columns, or rows, are orthonormal", (shape) => {
  const { data } = init.orthogonal(shape, { rng: rng(), gain: 2 });
  const columns = shape.at(-1)!;
  const rows = data.length / columns;
  const wide = columns > rows;
  const [count, length] = wide ? [rows, columns] : [columns, rows];
  const at = (vector: number, i: number): number => (wide ? data[vector * columns + i]! : data[i * columns + vector]!);
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < count; b++) {
      let product = 0;
      for (let i = 0; i < length; i++) product += at(a, i) * at(b, i);
      expect(product).toBeCloseTo(a === b ? 4 : 0, 5); // float32 entries
    }
  }
});

test("the same seed gives the same weights, another seed others", () => {
  expect(init.heNormal([3, 3], { rng: new Rng(1) })).toEqual(init.heNormal([3, 3], { rng: new Rng(1) }));
  expect(init.heNormal([3, 3], { rng: new Rng(1) })).not.toEqual(init.heNormal([3, 3], { rng: new Rng(2) }));
});
