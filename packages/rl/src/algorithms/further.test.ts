import { cpu } from "@dl/backend-cpu";
import { openDevice, Rng } from "@dl/core";
import { afterAll, expect, test } from "vitest";
import { cartPole } from "../environments/cart-pole.ts";
import { cliffWalking } from "../environments/cliff-walking.ts";
import { frozenLake } from "../environments/frozen-lake.ts";
import { taxi } from "../environments/taxi.ts";
import { readFixture } from "../environments/trajectory-fixture.ts";
import { evaluatePolicy } from "../evaluate.ts";
import { learn } from "../learn.ts";
import { makePolicy } from "../policies/make-policy.ts";
import { Box } from "../spaces/box.ts";
import type { System } from "../system.ts";
import { systemCopies } from "../vector/system-copies.ts";
import { cloneBehaviour } from "./behavioural-cloning.ts";
import { crossEntropyMethod, evolutionStrategy } from "./evolution.ts";
import { runPolicy } from "./rollout.ts";
import { iterateValues, learnQTable, QTable } from "./tabular-q.ts";
import { Trpo } from "./trpo.ts";

const device = await openDevice(cpu());
afterAll(() => device[Symbol.asyncDispose]());

const measure = async (actor: QTable, system: System, episodes: number): Promise<number> =>
  (await evaluatePolicy(actor, { environments: systemCopies(system, { count: 10 }), rng: new Rng(9), episodes })).mean;

test("value iteration finds the best there is: −13 on the cliff, 7.93 in the taxi, 0.74 on the lake", async () => {
  // Without discount, the value of a start is the mean return from there.
  expect(iterateValues(cliffWalking(), { discount: 1 }).value(36)).toBeCloseTo(-13, 8);
  const cab = iterateValues(taxi(), { discount: 1 });
  const starts = readFixture<{ taxiStarts: number[] }>("toy-text").taxiStarts;
  const best = starts.reduce((sum, state) => sum + cab.value(state), 0) / starts.length;
  expect(best).toBeCloseTo(7.93, 2);
  // Four standard errors of 2000 episodes, whose returns deviate by 2.6.
  expect(Math.abs((await measure(cab, taxi() as System, 2000)) - best)).toBeLessThan(4 * (2.6 / Math.sqrt(2000)));
  // 0.74 is the optimum that Gymnasium registers; returns of 0 and 1 deviate by 0.44.
  const lake = await measure(iterateValues(frozenLake(), { discount: 0.999 }), frozenLake() as System, 2000);
  expect(Math.abs(lake - 0.74)).toBeLessThan(4 * (0.44 / Math.sqrt(2000)));
});

test("Q-learning solves the cliff, the taxi and the slippery lake", async () => {
  const rng = new Rng(3);
  const cliff = learnQTable(cliffWalking(), { rng, steps: 20_000, exploration: 0.1, learningRate: 0.5 });
  expect(await measure(cliff, cliffWalking({ maxSteps: 100 }) as System, 10)).toBe(-13);
  const cab = learnQTable(taxi(), { rng, steps: 400_000, learningRate: 0.5 });
  expect(await measure(cab, taxi() as System, 500)).toBeGreaterThan(7.5);
  const lake = learnQTable(frozenLake(), {
    rng,
    steps: 300_000,
    learningRate: (done) => 0.2 * (1 - done) + 0.005,
    exploration: (done) => 1 - 0.8 * done,
  });
  // 0.70 is Gymnasium's threshold; three standard errors of 1000 episodes below it.
  expect(await measure(lake, frozenLake() as System, 1000)).toBeGreaterThan(0.7 - 3 * 0.0145);
  expect(QTable.fromJson(JSON.parse(JSON.stringify(cliff.toJson()))).values).toEqual(cliff.values);
});

test("TRPO learns to balance, and no step leaves the trust region", async () => {
  const rng = new Rng(1);
  using agent = new Trpo({
    environments: systemCopies(cartPole() as System, { count: 8 }),
    device,
    rng,
    hidden: [16],
    rolloutSteps: 64,
    criticEpochs: 4,
    totalSteps: 7168,
  });
  const { logs } = await learn(agent);
  for (const { approx_kl } of logs) expect(approx_kl).toBeLessThanOrEqual(0.015);
  expect(logs.filter(({ approx_kl }) => approx_kl! > 0.003).length).toBeGreaterThan(logs.length / 2);
  expect(
    (await evaluatePolicy(agent, { environments: systemCopies(cartPole() as System, { count: 10 }), rng, episodes: 20 })).mean,
  ).toBeGreaterThan(120);
});

test("a clone does what the expert does", async () => {
  const rng = new Rng(2);
  const system = cartPole() as System;
  // The expert: push to where the pole falls.
  const expert = ([x, v, angle, spin]: readonly number[]): number => Number(angle! + 0.3 * spin! + 0.02 * x! + 0.05 * v! > 0);
  const observations = rng.uniform([1500 * 4], -0.3, 0.3).data as Float32Array;
  const actions = Float32Array.from({ length: 1500 }, (_, i) => expert([...observations.subarray(4 * i, 4 * i + 4)]));
  using policy = makePolicy({
    observationSpace: system.observationSpace,
    actionSpace: system.actionSpace,
    hidden: [16],
    rng: rng.fork("init"),
  });
  const losses = await cloneBehaviour(policy, { observations, actions }, { device, rng, epochs: 15, learningRate: 1e-2 });
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 3);
  const clone = {
    act: async (rows: Float32Array) =>
      policy.choose(await runPolicy(rows, { device, policy, count: rows.length / 4 }), { rng, deterministic: true }).actions,
  };
  expect((await evaluatePolicy(clone, { environments: systemCopies(system, { count: 10 }), rng, episodes: 10 })).mean).toBeGreaterThan(450);
  await expect(cloneBehaviour(policy, { observations, actions: new Float32Array(7) }, { device, rng })).rejects.toThrow(
    "cloneBehaviour: expected rows",
  );
});

test("a clone of squashed actions does in units of the environment what the expert did, at its bounds too", async () => {
  const rng = new Rng(4);
  const observationSpace = new Box({ shape: [1], low: -1, high: 1 });
  const actionSpace = new Box({ shape: [1], low: -2, high: 2 });
  using policy = makePolicy({ observationSpace, actionSpace, hidden: [], exploration: "squash", rng: rng.fork("init") });
  const observations = Float32Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? 1 : -1));
  const actions = observations.map((side) => (side > 0 ? 1.5 : -2));
  await cloneBehaviour(policy, { observations, actions }, { device, rng, epochs: 250, batchSize: 64, learningRate: 5e-2 });
  const outputs = await runPolicy(Float32Array.of(1, -1), { device, policy, count: 2 });
  const [high, low] = policy.toEnvironment(policy.choose(outputs, { rng, deterministic: true }).actions);
  expect(Math.abs(high! - 1.5)).toBeLessThan(0.02);
  expect(Math.abs(low! + 2)).toBeLessThan(0.02);
  await expect(cloneBehaviour(policy, { observations, actions: actions.fill(2.5) }, { device, rng })).rejects.toThrow(
    "expected actions within Box([1], -2 to 2), got 2.5 in row 0",
  );
  await expect(cloneBehaviour(policy, { observations, actions: actions.fill(Number.NaN) }, { device, rng })).rejects.toThrow(
    "cloneBehaviour: expected finite observations and actions, got NaN",
  );
});

test("the cross-entropy method and evolution strategies balance with four numbers", async () => {
  const fitness = async (candidates: readonly Float64Array[]): Promise<number[]> => {
    const worlds = systemCopies(cartPole() as System, { count: candidates.length });
    const { lengths } = await play(candidates, worlds);
    return lengths;
  };
  const play = async (candidates: readonly Float64Array[], worlds: ReturnType<typeof systemCopies>): Promise<{ lengths: number[] }> => {
    let observations = worlds.reset(new Rng(5));
    const lengths = new Array<number>(candidates.length).fill(0);
    const over = new Uint8Array(candidates.length);
    for (let t = 0; t < 500; t++) {
      const actions = Float32Array.from(candidates, (weights, i) =>
        Number(weights.reduce((sum, weight, j) => sum + weight * observations[4 * i + j]!, 0) > 0),
      );
      const step = worlds.step(actions);
      observations = step.observations;
      for (const i of lengths.keys()) {
        if (!over[i]) lengths[i]!++;
        if (step.terminated[i]) over[i] = 1;
      }
    }
    return { lengths };
  };
  const found = await crossEntropyMethod({ start: [0, 0, 0, 0], fitness, rng: new Rng(1), iterations: 8 });
  expect((await fitness([found]))[0]).toBe(500);
  const evolved = await evolutionStrategy({ start: [0, 0, 0, 0], fitness, rng: new Rng(1), iterations: 25, noise: 0.3, learningRate: 0.5 });
  expect((await fitness([evolved]))[0]).toBeGreaterThan(400);
  await expect(
    crossEntropyMethod({ start: [0], fitness: () => [Number.NaN], rng: new Rng(1), iterations: 1, population: 1 }),
  ).rejects.toThrow("expected a finite return");
  await expect(evolutionStrategy({ start: [0], fitness: () => [], rng: new Rng(1), iterations: 1, population: 3 })).rejects.toThrow(
    "expected an even population",
  );
});
