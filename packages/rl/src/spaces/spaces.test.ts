import { Rng } from "@dl/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Box } from "./box.ts";
import { Dict } from "./dict.ts";
import { Discrete } from "./discrete.ts";
import { MultiBinary } from "./multi-binary.ts";
import { MultiDiscrete } from "./multi-discrete.ts";
import { type Space, sameSpace } from "./space.ts";

const spaces: Space<unknown>[] = [
  new Box({ shape: [2, 3], low: -1, high: 2 }),
  new Box({ low: [-Infinity, 0], high: [Infinity, Infinity] }),
  new Discrete(7),
  new MultiDiscrete([2, 5, 3]),
  new MultiBinary(4),
  new Dict({ place: new Box({ shape: [2], low: 0, high: 1 }), gear: new Discrete(5), lights: new MultiBinary(2) }),
];

test("a sample is in its space, and comes back from its row as it was", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(...spaces), (seed, space) => {
      const value = space.sample(new Rng(seed));
      expect(space.contains(value)).toBe(true);
      const row = new Float32Array(space.size + 2).fill(99);
      space.write(value, row, 1);
      expect(row[0]).toBe(99);
      expect(row.at(-1)).toBe(99);
      expect(space.read(row, 1)).toEqual(value);
    }),
  );
});

test("what is outside, or of another form, is not in the space", () => {
  const [image, , choice, choices, switches, named] = spaces as [
    Space<unknown>,
    Space<unknown>,
    Space<unknown>,
    Space<unknown>,
    Space<unknown>,
    Space<unknown>,
  ];
  expect(image.contains(new Float32Array(6).fill(2))).toBe(true);
  expect(image.contains(new Float32Array(6).fill(2.1))).toBe(false);
  expect(image.contains(new Float32Array(6).fill(Number.NaN))).toBe(false);
  expect(image.contains(new Float32Array(5))).toBe(false);
  expect(image.contains([0, 0, 0, 0, 0, 0])).toBe(false);
  expect([0, 6, 7, -1, 1.5, "1", null].map((value) => choice.contains(value))).toEqual([true, true, false, false, false, false, false]);
  expect(choices.contains(Int32Array.of(1, 4, 2))).toBe(true);
  expect(choices.contains(Int32Array.of(2, 4, 2))).toBe(false);
  expect(switches.contains(Uint8Array.of(0, 1, 2, 0))).toBe(false);
  expect(named.contains({ place: Float32Array.of(0, 1), gear: 4, lights: Uint8Array.of(0, 1) })).toBe(true);
  expect(named.contains({ place: Float32Array.of(0, 1), gear: 4 })).toBe(false);
  expect(named.contains(null)).toBe(false);
});

test("samples are uniform, and a mask leaves what it allows", () => {
  const rng = new Rng(3);
  const counts = new Array<number>(5).fill(0);
  for (let i = 0; i < 5000; i++) counts[new Discrete(5).sample(rng)]!++;
  // Five standard deviations of 1000.
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(142);
  expect(new Set(Array.from({ length: 50 }, () => new Discrete(4).sample(rng, [0, 1, 0, 1])))).toEqual(new Set([1, 3]));
});

test("spaces are the same when they hold the same values", () => {
  expect(sameSpace(new Box({ shape: [2], low: 0, high: 1 }), new Box({ low: [0, 0], high: [1, 1] }))).toBe(true);
  expect(sameSpace(new Box({ shape: [2], low: 0, high: 1 }), new Box({ shape: [2], low: 0, high: 2 }))).toBe(false);
  expect(sameSpace(new Discrete(2), new MultiDiscrete([2]))).toBe(false);
});

test("bad bounds and counts say so", () => {
  expect(() => new Box({ low: 0, high: 1 })).toThrow("Box: expected a shape");
  expect(() => new Box({ shape: [1], low: 1, high: 0 })).toThrow("expected low ≤ high, got 1 and 0");
  expect(() => new Box({ shape: [2], low: [0, 0, 0], high: 1 })).toThrow("expected 2 numbers as low, got 3");
  expect(() => new Discrete(0)).toThrow("Discrete: expected a whole number ≥ 1, got 0");
  expect(() => new MultiDiscrete([])).toThrow("MultiDiscrete: expected whole numbers");
  expect(() => new Dict({})).toThrow("Dict: expected at least one space");
});
