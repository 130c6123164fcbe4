import { expect, test } from "vitest";
import { readFixture } from "../environments/trajectory-fixture.ts";
import { gae } from "./gae.ts";
import { discountedReturns, nStepReturns } from "./returns.ts";
import { vtrace } from "./vtrace.ts";

type Matrix = number[][];
const fixture = readFixture<
  Record<string, Matrix> & {
    args: { gamma: number; lam: number; n_step: number; rho_bar: number; c_bar: number };
    bootstrap_value: number[];
    done: (boolean | number)[][];
  }
>("returns");
const { gamma, lam, n_step, rho_bar, c_bar } = fixture.args;
const flat = (name: string): number[] => fixture[name]!.flat();
const done = fixture.done.flat().map(Number);
const count = fixture.bootstrap_value.length;
const rollout = { count, rewards: flat("rewards"), done, discount: gamma };
const values = flat("values");
// The fixture's episodes all terminate: nothing comes after them.
const nextValues = [...values.slice(count), ...fixture.bootstrap_value].map((value, i) => (done[i] ? 0 : value));

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(Math.abs(actual[i]! - value)).toBeLessThan(1e-9);
}

test("returns, n-step returns, GAE and V-trace are the reference's", () => {
  expectClose(discountedReturns(rollout, { last: fixture.bootstrap_value }), flat("discounted_returns"));
  expectClose(nStepReturns(rollout, { values, last: fixture.bootstrap_value, horizon: n_step }), flat("n_step_returns"));
  const { advantages, returns } = gae(rollout, { values, nextValues, lambda: lam });
  expectClose(advantages, flat("gae_advantages"));
  expectClose(returns, flat("gae_returns"));
  const trace = vtrace(rollout, {
    target: flat("log_prob_target"),
    behaviour: flat("log_prob_behaviour"),
    values,
    nextValues,
    rhoBar: rho_bar,
    cBar: c_bar,
  });
  expectClose(trace.targets, flat("vtrace_vs"));
  expectClose(trace.advantages, flat("vtrace_pg_advantages"));
});

test("a truncated episode is worth what would have come, a terminated one is not", () => {
  // One step of reward 1 from a state of value 2, to one of value 10, with γ = 0.5.
  const step = { count: 1, rewards: [1], done: [1], discount: 0.5 };
  expect([...gae(step, { values: [2], nextValues: [10], lambda: 0.9 }).advantages]).toEqual([1 + 5 - 2]);
  expect([...gae(step, { values: [2], nextValues: [0], lambda: 0.9 }).advantages]).toEqual([1 - 2]);
});

test("λ of 1 is the Monte Carlo return less the value, λ of 0 one temporal difference", () => {
  const rewards = [1, 2, 3];
  const end = { count: 1, rewards, done: [0, 0, 1], discount: 0.5 };
  const nextValues = [20, 30, 0];
  expect([...gae(end, { values: [10, 20, 30], nextValues, lambda: 1 }).returns]).toEqual([1 + 1 + 0.75, 2 + 1.5, 3]);
  expect([...gae(end, { values: [10, 20, 30], nextValues, lambda: 0 }).returns]).toEqual([1 + 10, 2 + 15, 3]);
});

test("V-trace on policy is the n-step return", () => {
  const on = { count: 1, rewards: [1, 2, 3], done: [0, 0, 0], discount: 0.9 };
  const { targets } = vtrace(on, { target: [-1, -2, -3], behaviour: [-1, -2, -3], values: [4, 5, 6], nextValues: [5, 6, 7] });
  expect(targets[0]).toBeCloseTo(1 + 0.9 * 2 + 0.81 * 3 + 0.729 * 7, 12);
});

test("values that are missing are told", () => {
  expect(() => gae(rollout, { values: values.slice(1), nextValues, lambda: lam })).toThrow(`gae: expected ${values.length} values`);
});
