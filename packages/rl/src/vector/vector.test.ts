import { Rng } from "@dl/core";
import { expect, test } from "vitest";
import type { Environment } from "../environment.ts";
import { cartPole } from "../environments/cart-pole.ts";
import { catchGame } from "../environments/catch.ts";
import { frozenLake } from "../environments/frozen-lake.ts";
import { pendulum } from "../environments/pendulum.ts";
import { taxi } from "../environments/taxi.ts";
import { Box } from "../spaces/box.ts";
import { Discrete } from "../spaces/discrete.ts";
import { MultiDiscrete } from "../spaces/multi-discrete.ts";
import { environmentOf, type System } from "../system.ts";
import { environmentCopies } from "./copies.ts";
import { normalized } from "./normalized.ts";
import { systemCopies } from "./system-copies.ts";
import type { VectorEnvironment, VectorStep } from "./vector-environment.ts";

const copyOf = ({ observations, nextObservations, rewards, terminated, truncated, episodes, nextMasks }: VectorStep): unknown => ({
  observations: [...observations],
  nextObservations: [...nextObservations],
  rewards: [...rewards],
  flags: [...terminated, ...truncated],
  episodes: [...episodes],
  masks: [...(nextMasks ?? [])],
});

async function story(environments: VectorEnvironment, { seed, steps }: { seed: number; steps: number }): Promise<unknown[]> {
  const rng = new Rng(seed);
  const actions = rng.fork("actions");
  const told: unknown[] = [[...(await environments.reset(rng.fork("worlds")))]];
  for (let t = 0; t < steps; t++) {
    const row = new Float32Array(environments.count * environments.actionSpace.size);
    for (let i = 0; i < environments.count; i++)
      environments.actionSpace.write(environments.actionSpace.sample(actions), row, i * environments.actionSpace.size);
    told.push(copyOf(await environments.step(row)));
  }
  return told;
}

const systems: System[] = [cartPole({ maxSteps: 12 }), pendulum(), frozenLake(), taxi()] as System[];

test.each(systems.map((system) => [system.name, system] as const))(
  "%s: one array of copies is many single environments",
  async (_, system) => {
    const together = await story(systemCopies(system, { count: 5 }), { seed: 4, steps: 60 });
    const apart = await story(environmentCopies(Array.from({ length: 5 }, () => environmentOf(system))), { seed: 4, steps: 60 });
    expect(together).toEqual(apart);
  },
);

test("a part of the copies goes the same way as in the whole", async () => {
  const whole = systemCopies(cartPole(), { count: 4 });
  const part = systemCopies(cartPole(), { count: 2, first: 2 });
  whole.reset(new Rng(1));
  part.reset(new Rng(1));
  for (let t = 0; t < 50; t++) {
    const all = whole.step(Float32Array.of(0, 1, t % 2, 1));
    const some = part.step(Float32Array.of(t % 2, 1));
    expect([...all.observations.subarray(8)]).toEqual([...some.observations]);
  }
});

test("an ended episode starts again in the same step, and its last observation is kept", () => {
  const worlds = systemCopies(cartPole(), { count: 1 });
  worlds.reset(new Rng(2));
  let steps = 0;
  for (;;) {
    const step = worlds.step(Float32Array.of(1));
    steps++;
    if (step.terminated[0] === 0) continue;
    expect(step.episodes).toEqual([{ copy: 0, return: steps, length: steps }]);
    expect(Math.abs(step.nextObservations[2]!)).toBeGreaterThan(0.2);
    expect(Math.abs(step.observations[2]!)).toBeLessThanOrEqual(0.05);
    break;
  }
  expect(worlds.step(Float32Array.of(1)).episodes).toEqual([]);
});

test("saved and restored, copies go on as if nothing had been", async () => {
  const first = systemCopies(frozenLake(), { count: 3 });
  first.reset(new Rng(5));
  const act = (t: number): Float32Array => Float32Array.of(t % 4, (t + 1) % 4, 2);
  for (let t = 0; t < 20; t++) first.step(act(t));
  const second = systemCopies(frozenLake(), { count: 3 });
  second.restore(first.save());
  for (let t = 20; t < 60; t++) expect(copyOf(second.step(act(t)))).toEqual(copyOf(first.step(act(t))));
  expect(() => systemCopies(frozenLake(), { count: 2 }).restore(first.save())).toThrow("restore: expected 2 copies");
});

test("masks follow the copies' states", () => {
  const worlds = systemCopies(taxi(), { count: 3 });
  worlds.reset(new Rng(1));
  const masks = worlds.actionMasks!();
  expect(masks).toHaveLength(18);
  const single = new Uint8Array(6);
  taxi().mask!(worlds.states, 1, single, 0);
  expect([...masks.subarray(6, 12)]).toEqual([...single]);
  expect(systemCopies(cartPole(), { count: 1 }).actionMasks).toBeUndefined();
});

function broken(how: Partial<Environment<Float32Array, number>>): Environment<Float32Array, number> {
  return {
    name: "Broken",
    observationSpace: new Box({ shape: [2], low: -1, high: 1 }),
    actionSpace: new Discrete(2),
    reset: () => ({ observation: new Float32Array(2), info: {} }),
    step: () => ({ observation: new Float32Array(2), reward: 0, terminated: false, truncated: false, info: {} }),
    ...how,
  };
}

test("an environment that breaks is named, with the copy and the reason", () => {
  const step = (how: Partial<Environment<Float32Array, number>>, action = 0) => {
    const worlds = environmentCopies([broken({}), broken(how)]);
    worlds.reset(new Rng(1));
    return () => worlds.step(Float32Array.of(0, action));
  };
  const outcome = { observation: new Float32Array(2), reward: 0, terminated: false, truncated: false, info: {} };
  expect(step({ step: () => ({ ...outcome, reward: Number.NaN }) })).toThrow("Broken: step: expected a finite reward, got NaN in copy 1");
  expect(step({ step: () => ({ ...outcome, observation: Float32Array.of(0, Number.NaN) }) })).toThrow("got NaN at element 1 in copy 1");
  expect(step({ step: () => ({ ...outcome, observation: new Float32Array(3) }) })).toThrow("expected an observation in Box([2], -1 to 1)");
  expect(
    step({
      step: () => {
        throw new Error("wheels came off");
      },
    }),
  ).toThrow("Broken: step of copy 1: wheels came off");
  const lost = { observation: Float32Array.of(0, Number.NaN), info: {} };
  expect(() => step({ reset: () => lost })).toThrow("Broken: reset: expected finite observations, got NaN at element 1 in copy 1");
  let resets = 0;
  const later = step({
    reset: () => (resets++ === 0 ? { observation: new Float32Array(2), info: {} } : lost),
    step: () => ({ ...outcome, terminated: true }),
  });
  expect(later).toThrow("Broken: reset: expected finite observations, got NaN at element 1 in copy 1");
  const adrift = { ...cartPole(), start: (state: Float64Array, at: number) => void state.fill(Number.NaN, at, at + 4) };
  expect(() => systemCopies(adrift, { count: 2 }).reset(new Rng(1))).toThrow("CartPole-v1: reset: expected finite observations, got NaN");
  expect(step({}, 5)).toThrow("Broken: step of copy 1: expected an action in Discrete(2), got 5");
  const worlds = systemCopies(cartPole(), { count: 2 });
  expect(() => worlds.step(new Float32Array(2))).toThrow("expected reset before the first step");
  worlds.reset(new Rng(1));
  expect(() => worlds.step(Float32Array.of(0, 2))).toThrow("CartPole-v1: expected an action in Discrete(2), got 2");
  expect(() => worlds.step(new Float32Array(3))).toThrow("expected 2 rows of 1 actions, got 3 numbers");
});

test("copies must be separate, and of the same spaces", () => {
  const one = broken({});
  expect(() => environmentCopies([])).toThrow("expected at least one environment");
  expect(() => environmentCopies([one, one])).toThrow("got one twice");
  expect(() => environmentCopies([one, broken({ actionSpace: new Discrete(3) })])).toThrow("got Broken (Box([2], -1 to 1), Discrete(3))");
});

test("one world where copies are asked for, or a system in the place of an environment, is told what to make of it", () => {
  const world = broken({});
  expect(() => environmentCopies(world as never)).toThrow("expected a list of environments");
  expect(() => environmentCopies([cartPole() as never])).toThrow("Of a system, make systemCopies");
  expect(() => systemCopies(world as never, { count: 2 })).toThrow("got the environment Broken. Make environmentCopies");
});

test("normalised observations have mean 0 and deviation 1, and evaluation does not move them", async () => {
  const worlds = normalized(systemCopies(pendulum(), { count: 16 }), { discount: 0.9 });
  await worlds.reset(new Rng(1));
  const rng = new Rng(2);
  const seen: number[][] = [[], [], []];
  for (let t = 0; t < 600; t++) {
    const { observations, rewards } = await worlds.step(rng.uniform([16], -2, 2).data as Float32Array);
    if (t < 300) continue;
    for (const [i, value] of observations.entries()) seen[i % 3]!.push(value);
    expect(Math.max(...rewards)).toBeLessThanOrEqual(0);
  }
  for (const values of seen) {
    const mean = values.reduce((a, b) => a + b) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.2);
    expect(Math.abs(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length - 1)).toBeLessThan(0.3);
  }
  const before = worlds.statistics.state();
  const fixed = normalized(systemCopies(pendulum(), { count: 2 }), { frozen: worlds.statistics });
  await fixed.reset(new Rng(3));
  await fixed.step(new Float32Array(2));
  expect(worlds.statistics.state()).toEqual(before);
});

test("a mask of another length, or one that bars everything, is named with its copy", () => {
  const masked = (mask: readonly number[]) => broken({ actionMask: () => Uint8Array.from(mask) });
  const masks = (...lists: (readonly number[])[]): Uint8Array => {
    const worlds = environmentCopies(lists.map(masked));
    worlds.reset(new Rng(1));
    worlds.step(new Float32Array(lists.length));
    return worlds.actionMasks!();
  };
  // Counts instead of ones would be added to the scores a hundred million times over.
  expect([...masks([1, 255], [0, 3])]).toEqual([1, 1, 0, 1]);
  expect(() => masks([1, 1], [0, 0])).toThrow("Broken: actionMask: expected 2 numbers, 1 for an action that makes sense, and at least one");
  expect(() => masks([1, 1], [0, 0])).toThrow("in copy 1");
  expect(() => masks([1, 1, 0], [1, 1])).toThrow("in copy 0");
  expect(() => masks([1], [1, 1])).toThrow("in copy 0");
});

test("masks that nobody would look at are refused", () => {
  const actionMask = (): Uint8Array => Uint8Array.of(1, 0);
  expect(() => environmentCopies([broken({ actionMask }), broken({})])).toThrow("got 1 of 2 with Discrete(2)");
  const both = broken({ actionMask, actionSpace: new MultiDiscrete([2, 2]) as never });
  expect(() => environmentCopies([both])).toThrow("and of one discrete action, got 1 of 1 with MultiDiscrete([2, 2])");
});

test("where a task ended, no action needs to make sense", () => {
  const world = broken({
    actionMask: () => Uint8Array.of(0, over ? 0 : 1),
    reset: () => ({ observation: new Float32Array(2).fill((over = 0)), info: {} }),
    step: () => ({ observation: new Float32Array(2), reward: 0, terminated: (over = 1) === 1, truncated: false, info: {} }),
  });
  let over = 0;
  const worlds = environmentCopies([world]);
  worlds.reset(new Rng(1));
  expect([...worlds.step(Float32Array.of(1)).nextMasks!]).toEqual([0, 0]);
  expect([...worlds.actionMasks!()]).toEqual([0, 1]);
});

test("a step in an older form is named: without flags, an episode would never end", () => {
  const step = (outcome: unknown) => () => {
    const worlds = environmentCopies([broken({ step: () => outcome as never })]);
    worlds.reset(new Rng(1));
    worlds.step(Float32Array.of(0));
  };
  const observation = new Float32Array(2);
  expect(step({ observation, reward: 1, done: true })).toThrow(
    "Broken: step: expected { observation, reward, terminated, truncated, info }",
  );
  expect(step(undefined)).toThrow("the flags true or false, got undefined in copy 0");
  expect(step({ observation: [0, 0], reward: 0, terminated: false, truncated: false })).toThrow(
    "got the list [0, 0], which is no typed array",
  );
});

test("pictures stay pictures when they are normalised, and choices choices when they are left alone", () => {
  const pictures = systemCopies(catchGame() as System, { count: 2 });
  expect((normalized(pictures).observationSpace as Box).shape).toEqual([10, 5, 1]);
  expect(normalized(pictures, { observations: false, discount: 0.9 }).observationSpace).toBe(pictures.observationSpace);
  const lake = systemCopies(frozenLake() as System, { count: 2 });
  expect(normalized(lake, { observations: false, discount: 0.9 }).observationSpace).toBe(lake.observationSpace);
  expect(() => normalized(lake)).toThrow("normalized: expected observations that are floats, got Discrete(16)");
});

test("statistics are restored into another number of copies, and looked for in a file that has none", async () => {
  const make = (count: number) =>
    normalized(environmentCopies(Array.from({ length: count }, () => environmentOf(pendulum()))), { discount: 0.9 });
  const four = make(4);
  await four.reset(new Rng(1));
  await four.step(new Float32Array(4));
  for (const count of [1, 4, 6]) {
    const others = make(count);
    expect(others.restore(four.save())).toBe(false);
    expect(others.statistics.state()).toEqual(four.statistics.state());
  }
  const plain = systemCopies(pendulum(), { count: 4 });
  plain.reset(new Rng(1));
  expect(() => four.restore(plain.save())).toThrow(
    "expected statistics of observations, got a file of environments that were not normalised",
  );
});
