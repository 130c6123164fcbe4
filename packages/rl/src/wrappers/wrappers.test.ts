import { Rng } from "@dl/core";
import { expect, test } from "vitest";
import { checkEnvironment } from "../check-environment.ts";
import type { Environment } from "../environment.ts";
import { acrobot } from "../environments/acrobot.ts";
import { bandit } from "../environments/bandit.ts";
import { blackjack } from "../environments/blackjack.ts";
import { cartPole } from "../environments/cart-pole.ts";
import { catchGame } from "../environments/catch.ts";
import { cliffWalking } from "../environments/cliff-walking.ts";
import { frozenLake } from "../environments/frozen-lake.ts";
import { mountainCar } from "../environments/mountain-car.ts";
import { mountainCarContinuous } from "../environments/mountain-car-continuous.ts";
import { pendulum } from "../environments/pendulum.ts";
import { taxi } from "../environments/taxi.ts";
import { Box } from "../spaces/box.ts";
import { Dict } from "../spaces/dict.ts";
import { Discrete } from "../spaces/discrete.ts";
import { MultiDiscrete } from "../spaces/multi-discrete.ts";
import { environmentOf, type System } from "../system.ts";
import { actionMask } from "./action-mask.ts";
import { clipAction, rescaleAction } from "./actions.ts";
import { flattenObservation } from "./flatten-observation.ts";
import { frameStack } from "./frame-stack.ts";
import { normalizeObservation, normalizeReward } from "./normalize.ts";
import { recordStatistics } from "./record-statistics.ts";
import { RunningStatistics } from "./running-statistics.ts";
import { timeLimit } from "./time-limit.ts";

const rng = new Rng(1);

/** Counts its steps, shows the last action, ends after `length`. */
function counter({ length = Infinity }: { length?: number } = {}): Environment<Float32Array, Float32Array> {
  let t = 0;
  return {
    name: "Counter",
    observationSpace: new Box({ shape: [2], low: -100, high: 100 }),
    actionSpace: new Box({ shape: [1], low: -2, high: 4 }),
    reset() {
      t = 0;
      return { observation: Float32Array.of(0, 0), info: {} };
    },
    step(action) {
      t++;
      return { observation: Float32Array.of(t, action[0]!), reward: t, terminated: t === length, truncated: false, info: {} };
    },
  };
}

test("a time limit truncates on its step, every episode", () => {
  const limited = timeLimit(counter(), { steps: 2 });
  for (let episode = 0; episode < 2; episode++) {
    limited.reset(rng);
    expect(limited.step(Float32Array.of(0)).truncated).toBe(false);
    expect(limited.step(Float32Array.of(0))).toMatchObject({ truncated: true, terminated: false });
  }
  expect(() => timeLimit(counter(), { steps: 0 })).toThrow("timeLimit: expected a whole number");
});

test("actions are cut off, or stretched to their bounds", () => {
  const clipped = clipAction(counter());
  clipped.reset(rng);
  expect([-9, 9, 1].map((a) => clipped.step(Float32Array.of(a)).observation[1])).toEqual([-2, 4, 1]);
  const stretched = rescaleAction(counter());
  stretched.reset(rng);
  expect([-1, 0, 1, 0.5].map((a) => stretched.step(Float32Array.of(a)).observation[1])).toEqual([-2, 1, 4, 2.5]);
  expect(stretched.actionSpace.toString()).toBe("Box([1], -1 to 1)");
});

test("a stack of frames has the oldest first, and interleaves channels last", () => {
  const stacked = frameStack(counter(), { frames: 3 });
  expect([...stacked.reset(rng).observation]).toEqual([0, 0, 0, 0, 0, 0]);
  stacked.step(Float32Array.of(1));
  expect([...stacked.step(Float32Array.of(2)).observation]).toEqual([0, 0, 1, 1, 2, 2]);
  expect(stacked.observationSpace.size).toBe(6);
});

test("statistics tell the return and length of each episode", () => {
  const episodes: unknown[] = [];
  const recorded = recordStatistics(counter({ length: 3 }), { onEpisode: (episode) => episodes.push(episode) });
  recorded.reset(rng);
  recorded.step(Float32Array.of(0));
  recorded.step(Float32Array.of(0));
  expect(recorded.step(Float32Array.of(0)).info).toEqual({ episode: { return: 6, length: 3 } });
  expect(episodes).toEqual([{ return: 6, length: 3 }]);
});

test("a mask hides actions, and refuses the hidden", () => {
  const masked = actionMask(environmentOf(mountainCar()) as Environment<Float32Array, number>, {
    mask: ([, speed]) => [1, speed === 0 ? 1 : 0, 1],
  });
  masked.reset(rng);
  expect([...masked.actionMask!()]).toEqual([1, 1, 1]);
  masked.step(0);
  expect([...masked.actionMask!()]).toEqual([1, 0, 1]);
  expect(() => masked.step(1)).toThrow("expected an action the mask [1, 0, 1] allows, got 1");
  expect(checkEnvironment(masked, { rng })).toEqual([]);
});

test("observations of any form become one vector", () => {
  const space = new Dict({ gear: new Discrete(3), place: new Box({ low: [-1, -2], high: [1, 2] }), doors: new MultiDiscrete([2, 2]) });
  const flat = flattenObservation({
    name: "Car",
    observationSpace: space,
    actionSpace: new Discrete(2),
    reset: () => ({ observation: { gear: 1, place: Float32Array.of(0.5, -2), doors: Int32Array.of(0, 1) }, info: {} }),
    step: () => ({ observation: space.sample(rng), reward: 0, terminated: false, truncated: false, info: {} }),
  });
  expect([...flat.reset(rng).observation]).toEqual([0, 1, 0, 0.5, -2, 1, 0, 0, 1]);
  expect(flat.observationSpace.contains(flat.step(0).observation)).toBe(true);
});

test("running statistics are those of all rows at once, however they came", () => {
  const data = new Rng(9).normal([30], 5, 3).data;
  const once = new RunningStatistics(3);
  once.update(data);
  const parts = new RunningStatistics(3);
  for (let at = 0; at < 30; at += 6) parts.update(data.subarray(at, at + 6));
  const column = Array.from({ length: 10 }, (_, i) => data[3 * i]!);
  const mean = column.reduce((a, b) => a + b) / 10;
  const variance = column.reduce((a, b) => a + (b - mean) ** 2, 0) / 10;
  for (const statistics of [once, parts]) {
    expect(statistics.mean[0]).toBeCloseTo(mean, 10);
    expect(statistics.variance[0]).toBeCloseTo(variance, 10);
  }
  const copy = new RunningStatistics(3);
  copy.restore(JSON.parse(JSON.stringify(parts.state())));
  expect(copy.state()).toEqual(parts.state());
});

test("normalised observations and rewards", () => {
  const observed = normalizeObservation(counter());
  observed.reset(rng);
  const values = Array.from({ length: 200 }, () => observed.step(Float32Array.of(0)).observation[0]!);
  // Of 0 … 200 the last is √3 standard deviations from the mean.
  expect(values.at(-1)).toBeCloseTo(Math.sqrt(3), 1);
  const rewarded = normalizeReward(counter(), { discount: 0.5 });
  rewarded.reset(rng);
  const rewards = Array.from({ length: 50 }, () => rewarded.step(Float32Array.of(0)).reward);
  expect(rewards.every((reward) => reward > 0 && reward <= 10)).toBe(true);
});

const all: System[] = [
  cartPole(),
  acrobot(),
  mountainCar(),
  mountainCarContinuous(),
  pendulum(),
  frozenLake(),
  cliffWalking(),
  taxi(),
  blackjack(),
  bandit(),
  bandit({ means: [0.2, 0.8], rewards: "bernoulli" }),
] as System[];

test.each(all.map((system) => [system.name, system] as const))("the checker finds nothing wrong with %s", (_, system) => {
  expect(checkEnvironment(environmentOf(system), { rng, steps: 300, twin: environmentOf(system) })).toEqual([]);
});

test("the checker finds the usual mistakes", () => {
  const check = (how: Partial<Environment<Float32Array, Float32Array>>): string =>
    checkEnvironment({ ...counter({ length: 50 }), ...how }, { rng, steps: 60 }).join("\n");
  const step = { observation: new Float32Array(2), reward: 0, terminated: false, truncated: false, info: {} };
  expect(check({})).toContain("expected actions symmetric around 0");
  expect(check({ actionSpace: new Box({ shape: [1], low: -Infinity, high: 1 }) })).toContain("expected actions with finite bounds");
  expect(check({ step: () => ({ ...step, observation: Float32Array.of(500, 0) }) })).toContain(
    "step: expected an observation in Box([2], -100 to 100), got Float32Array [500, 0]",
  );
  expect(check({ step: () => ({ ...step, observation: [0, 0] as never }) })).toContain("got the list [0, 0], which is no typed array");
  expect(check({ step: () => ({ ...step, reward: Number.NaN }) })).toContain("expected a finite reward, got NaN");
  expect(check({ rewardRange: [0, 1] })).toContain("expected a reward from 0 to 1, got 2");
  expect(check({ step: () => ({ ...step, terminated: 1 as unknown as boolean }) })).toContain(
    "expected terminated and truncated as booleans",
  );
  const shared = new Float32Array(2);
  expect(
    check({
      step: () => {
        shared[0]!++;
        return { ...step, observation: shared };
      },
    }),
  ).toContain("got one that changed. Hand out a copy");
  let drift = 0;
  expect(check({ step: () => ({ ...step, reward: drift++ }) })).toContain("expected the same episode from the same generator, got another");
  expect(
    check({
      step: () => {
        throw new Error("no road");
      },
    }),
  ).toContain("got an exception: no road");
  expect(check({ actionMask: () => Uint8Array.of(0) })).toContain("actionMask: expected a 0 or 1 for each choice");
});

test("a full board at the end is no mistake of its mask", () => {
  let free = 0;
  const board: Environment<Float32Array, number> = {
    name: "Board",
    observationSpace: new Box({ shape: [1], low: 0, high: 3 }),
    actionSpace: new Discrete(3),
    reset: () => ({ observation: Float32Array.of((free = 3)), info: {} }),
    step: () => ({ observation: Float32Array.of(--free), reward: 0, terminated: free === 0, truncated: false, info: {} }),
  };
  const masked = actionMask(board, { mask: ([left]) => [0, 1, 2].map((cell) => Number(cell < left!)) });
  expect(checkEnvironment(masked, { rng, steps: 20 })).toEqual([]);
  expect(() => actionMask(board, { mask: () => [0, 0, 0] }).reset(rng)).toThrow("that leaves an action");
});

test("a normalised picture keeps its form", () => {
  const picture = normalizeObservation(environmentOf(catchGame()) as Environment<Float32Array, number>);
  expect((picture.observationSpace as Box).shape).toEqual([10, 5, 1]);
});
