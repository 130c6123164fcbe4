import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { logErfc } from "./log-space.ts";
import { noiseForBudget } from "./noise-for-budget.ts";
import { RdpAccountant } from "./rdp-accountant.ts";
import { rdpOfSubsampledGaussian } from "./subsampled-gaussian.ts";

interface Case {
  readonly sampleRate: number;
  readonly noiseMultiplier: number;
  readonly order: number;
  readonly rdp: number;
}

const integrated = JSON.parse(readFileSync(new URL("../../fixtures/rdp.json", import.meta.url), "utf8")) as Case[];

test.each(integrated)(
  "rate $sampleRate, noise $noiseMultiplier, order $order: the series equal the integral",
  ({ rdp, order, ...mechanism }) => {
    // Float64 sums of some hundred terms that partly cancel.
    expect(Math.abs(rdpOfSubsampledGaussian(mechanism, order) / rdp - 1)).toBeLessThan(1e-8);
  },
);

test("without sampling it is order ÷ 2σ²; sampling nothing costs nothing; no noise costs all", () => {
  expect(rdpOfSubsampledGaussian({ noiseMultiplier: 2, sampleRate: 1 }, 8)).toBe(1);
  expect(rdpOfSubsampledGaussian({ noiseMultiplier: 2, sampleRate: 0 }, 8)).toBe(0);
  expect(rdpOfSubsampledGaussian({ noiseMultiplier: 0, sampleRate: 0.1 }, 8)).toBe(Infinity);
});

test("erfc's logarithm is right where erfc itself is 0", () => {
  expect(logErfc(0)).toBeCloseTo(0, 15);
  expect(logErfc(1)).toBeCloseTo(Math.log(0.15729920705028513), 14);
  expect(logErfc(-1)).toBeCloseTo(Math.log(1.8427007929497148), 14);
  // mpmath: log(erfc(40))
  expect(logErfc(40)).toBeCloseTo(-1604.261556653, 9);
});

test("the ε of Opacus's own accountant test: 2,250 steps of noise 1.5 at rate 0.04 cost 7.32911117143", () => {
  // github.com/pytorch/opacus, opacus/tests/accountants_test.py, test_rdp_accountant.
  const accountant = new RdpAccountant();
  accountant.add({ noiseMultiplier: 1.5, sampleRate: 0.04, steps: 2250 });
  expect(accountant.epsilon(1e-5)).toBeCloseTo(7.32911117143, 9);
});

test("the noise for a budget is the least that keeps within it", () => {
  const noiseMultiplier = noiseForBudget({ epsilon: 8, delta: 1e-5, sampleRate: 0.04, steps: 2250 });
  const accountant = new RdpAccountant();
  accountant.add({ noiseMultiplier, sampleRate: 0.04, steps: 2250 });
  expect(accountant.epsilon(1e-5)).toBeLessThanOrEqual(8);
  const less = new RdpAccountant();
  less.add({ noiseMultiplier: noiseMultiplier - 1e-4, sampleRate: 0.04, steps: 2250 });
  expect(less.epsilon(1e-5)).toBeGreaterThan(8);
});

test("steps add up however they are told, more noise costs less, and nothing costs 0", () => {
  const [one, many] = [new RdpAccountant(), new RdpAccountant()];
  one.add({ noiseMultiplier: 1, sampleRate: 0.02, steps: 300 });
  for (let i = 0; i < 3; i++) many.add({ noiseMultiplier: 1, sampleRate: 0.02, steps: 100 });
  expect(many.history).toEqual(one.history);
  expect(many.epsilon(1e-5)).toBe(one.epsilon(1e-5));
  one.add({ noiseMultiplier: 2, sampleRate: 0.02, steps: 300 });
  expect(one.epsilon(1e-5)).toBeGreaterThan(many.epsilon(1e-5));
  expect(new RdpAccountant().epsilon(1e-5)).toBe(0);
});

test("noise whose square is no float costs all, and is told at once", () => {
  const accountant = new RdpAccountant();
  accountant.add({ noiseMultiplier: 1e-170, sampleRate: 0.1, steps: 1 });
  expect(accountant.epsilon(1e-5)).toBe(Infinity);
});

test("what cannot be is refused", () => {
  expect(() => noiseForBudget({ epsilon: Infinity, delta: 1e-5, sampleRate: 0.1, steps: 10 })).toThrow(/an epsilon > 0, got Infinity/);
  expect(() => noiseForBudget({ epsilon: 0.05, delta: 1e-5, sampleRate: 0.01, steps: 10 })).toThrow(/orders above 63/);
  const accountant = new RdpAccountant();
  expect(() => accountant.add({ noiseMultiplier: -1, sampleRate: 0.1, steps: 1 })).toThrow(/noiseMultiplier ≥ 0, got -1/);
  expect(() => accountant.add({ noiseMultiplier: 1, sampleRate: 1.1, steps: 1 })).toThrow(/sampleRate from 0 to 1, got 1.1/);
  expect(() => accountant.add({ noiseMultiplier: 1, sampleRate: 0.1, steps: 0.5 })).toThrow(/whole number of steps/);
  expect(() => accountant.epsilon(0)).toThrow(/delta between 0 and 1, got 0/);
  expect(() => new RdpAccountant([1])).toThrow(/orders above 1/);
  expect(() => noiseForBudget({ epsilon: 1e-9, delta: 1e-9, sampleRate: 1, steps: 1e6 })).toThrow(/a budget that noise can reach/);
});
