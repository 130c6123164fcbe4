import { expect, test } from "vitest";
import { erf, erfc } from "./erf.ts";

// Python 3.11's math.erf and math.erfc: points in each of the five intervals, and on both sides of their ends.
const known = [
  [0.1, 0.1124629160182849, 0.8875370839817152],
  [0.5, 0.5204998778130465, 0.4795001221869535],
  [0.84, 0.7651427114549946, 0.23485728854500548],
  [0.9, 0.7969082124228322, 0.20309178757716786],
  [1, 0.8427007929497149, 0.15729920705028513],
  [1.24, 0.9205051842990297, 0.07949481570097033],
  [1.3, 0.9340079449406524, 0.06599205505934755],
  [2, 0.9953222650189527, 0.004677734981047265],
  [2.8, 0.9999249868053346, 7.501319466545911e-5],
  [2.9, 0.9999589021219005, 4.109787809945886e-5],
  [3.5, 0.9999992569016276, 7.430983723414128e-7],
  [5, 0.9999999999984626, 1.5374597944280351e-12],
  [7, 1, 4.183825607779414e-23],
  [10, 1, 2.088487583762545e-45],
  [20, 1, 5.3958656116079005e-176],
  [-0.7, -0.6778011938374184, 1.6778011938374184],
  [-1.1, -0.8802050695740817, 1.8802050695740817],
  [-3, -0.9999779095030014, 1.9999779095030015],
] as const;

test("erf and erfc to a few units in the last place", () => {
  for (const [x, direct, complement] of known) {
    expect(Math.abs(erf(x) / direct - 1)).toBeLessThan(5e-16);
    expect(Math.abs(erfc(x) / complement - 1)).toBeLessThan(2e-15);
  }
});

test("erf is odd, and erf + erfc is one", () => {
  for (let x = -6.5; x <= 6.5; x += 0.0371) {
    expect(erf(-x)).toBe(-erf(x));
    expect(Math.abs(erf(x) + erfc(x) - 1)).toBeLessThan(4e-16);
  }
});

test("erf at the ends of the line", () => {
  expect([erf(0), erf(Infinity), erf(-Infinity), erf(NaN)]).toEqual([0, 1, -1, NaN]);
  expect([erfc(0), erfc(Infinity), erfc(-Infinity), erfc(NaN)]).toEqual([1, 0, 2, NaN]);
});
