import { cpu } from "@dl/backend-cpu";
import { openDevice, Rng } from "@dl/core";
import { afterAll, expect, test } from "vitest";
import { bandit } from "../environments/bandit.ts";
import { cartPole } from "../environments/cart-pole.ts";
import { pendulum } from "../environments/pendulum.ts";
import { evaluatePolicy } from "../evaluate.ts";
import { learn } from "../learn.ts";
import { ReplayBuffer } from "../replay/replay-buffer.ts";
import { Box } from "../spaces/box.ts";
import { MultiDiscrete } from "../spaces/multi-discrete.ts";
import type { System } from "../system.ts";
import { systemCopies } from "../vector/system-copies.ts";
import { A2c } from "./a2c.ts";
import type { Algorithm, AlgorithmOptions } from "./algorithm.ts";
import { DiscreteSac } from "./discrete-sac.ts";
import { Dqn } from "./dqn.ts";
import { Ppo } from "./ppo.ts";
import { Reinforce } from "./reinforce.ts";
import { Sac } from "./sac.ts";
import { ddpg, Td3 } from "./td3.ts";
import { learnOffline } from "./td3-bc.ts";

const device = await openDevice(cpu());
afterAll(() => device[Symbol.asyncDispose]());

/** The reward is how near the action is to what the observation asks for, at once: learned in a hundred updates or not at all. */
function target(): System<Float32Array, Float32Array> {
  return {
    name: "Target",
    observationSpace: new Box({ shape: [1], low: -1, high: 1 }),
    actionSpace: new Box({ shape: [1], low: -3, high: 3 }),
    rewardRange: [-25, 0],
    stateSize: 1,
    maxSteps: 4,
    start: (state, at, rng) => {
      state[at] = rng.float(-1, 1);
    },
    advance(state, at, move) {
      move.reward = -((move.actions[move.actionAt]! - 2 * state[at]!) ** 2);
      move.terminated = false;
      state[at] = move.rng.float(-1, 1);
    },
    observe: (state, at, row, rowAt) => {
      row[rowAt] = state[at]!;
    },
  };
}

/** As many right choices as the reward says: each of two switches must follow the sign of the observation. */
function switches(): System<Float32Array, Int32Array> {
  return {
    ...target(),
    name: "Switches",
    actionSpace: new MultiDiscrete([2, 3]),
    rewardRange: [0, 2],
    advance(state, at, move) {
      const right = state[at]! > 0 ? [1, 2] : [0, 1];
      move.reward = Number(move.actions[move.actionAt] === right[0]) + Number(move.actions[move.actionAt + 1] === right[1]);
      move.terminated = false;
      state[at] = move.rng.float(-1, 1);
    },
  } as System<Float32Array, Int32Array>;
}

type Make = (options: AlgorithmOptions) => Algorithm;
const small = { hidden: [16], learningRate: 1e-2 };
const learners: readonly (readonly [string, System<never, never> | System, number, number, Make])[] = [
  ["PPO, floats", target() as System, 3000, -1.6, (o) => new Ppo({ ...o, ...small, rolloutSteps: 32, batchSize: 64 })],
  [
    "PPO, squashed",
    target() as System,
    3000,
    -1.6,
    (o) => new Ppo({ ...o, ...small, rolloutSteps: 32, batchSize: 64, exploration: "squash" }),
  ],
  [
    "PPO, gSDE",
    target() as System,
    3000,
    -1.6,
    (o) => new Ppo({ ...o, ...small, rolloutSteps: 32, batchSize: 64, exploration: "smooth", logStdStart: -1 }),
  ],
  ["PPO, several choices", switches() as System, 3000, 7.2, (o) => new Ppo({ ...o, ...small, rolloutSteps: 32, batchSize: 64 })],
  ["A2C", switches() as System, 4000, 7.2, (o) => new A2c({ ...o, ...small, rolloutSteps: 8 })],
  ["REINFORCE", switches() as System, 4000, 7.2, (o) => new Reinforce({ ...o, ...small, rolloutSteps: 32 })],
  ["REINFORCE, no baseline", switches() as System, 5000, 7.2, (o) => new Reinforce({ ...o, ...small, rolloutSteps: 32, baseline: false })],
  [
    "SAC",
    target() as System,
    700,
    -1,
    (o) => new Sac({ ...o, hidden: [24], learningRate: 1e-2, batchSize: 64, discount: 0.5, gradientSteps: 2 }),
  ],
  [
    "TD3",
    target() as System,
    700,
    -1,
    (o) => new Td3({ ...o, hidden: [24], learningRate: 1e-2, batchSize: 64, discount: 0.5, warmUp: 100, gradientSteps: 2 }),
  ],
  [
    "DDPG",
    target() as System,
    700,
    -1,
    (o) => new Td3({ ...o, ...ddpg, hidden: [24], learningRate: 1e-2, batchSize: 64, discount: 0.5, warmUp: 100, gradientSteps: 2 }),
  ],
];

test.each(learners)("%s learns what can be learned in seconds", async (_, system, steps, goal, make) => {
  const rng = new Rng(1);
  using agent = make({ environments: systemCopies(system as System, { count: 8 }), device, rng, totalSteps: steps });
  const before = await evaluatePolicy(agent, { environments: systemCopies(system as System, { count: 10 }), rng, episodes: 50 });
  await learn(agent);
  const after = await evaluatePolicy(agent, { environments: systemCopies(system as System, { count: 10 }), rng, episodes: 50 });
  expect(before.mean).toBeLessThan(goal);
  expect(after.mean).toBeGreaterThan(goal);
});

const flavours: readonly (readonly [string, ConstructorParameters<typeof Dqn>[0] extends infer O ? Partial<O> : never])[] = [
  ["plain", { double: false }],
  ["double, dueling, 3 steps", { dueling: true, horizon: 3 }],
  ["prioritised", { prioritized: { alpha: 0.6 } }],
  ["C51", { returns: { kind: "atoms", low: -1, high: 3, count: 21 } }],
  ["quantiles", { returns: { kind: "quantiles", count: 8 } }],
];

test.each(flavours)("DQN, %s, finds the better arm", async (_, options) => {
  const arms = bandit({ means: [0.1, 0.9, 0.3], rewards: "bernoulli", pulls: 3 }) as System;
  const rng = new Rng(2);
  using agent = new Dqn({
    ...options,
    environments: systemCopies(arms, { count: 4 }),
    device,
    rng,
    hidden: [16],
    learningRate: 1e-2,
    batchSize: 32,
    warmUp: 100,
    trainEvery: 1,
    targetEvery: 20,
    discount: 0.5,
    totalSteps: 1200,
  });
  await learn(agent);
  expect([...(await agent.act(new Float32Array(1), { rng }))]).toEqual([1]);
});

test("a round smaller than PPO's usual batch is one batch; one world alone is told to be copied", async () => {
  const rng = new Rng(1);
  using agent = new Ppo({
    environments: systemCopies(target() as System, { count: 1 }),
    device,
    rng,
    hidden: [4],
    rolloutSteps: 16,
    totalSteps: 16,
  });
  await learn(agent);
  expect(agent.updates).toBe(4);
  expect(() => new Ppo({ environments: target() as never, device, rng })).toThrow("one world. Make copies: systemCopies");
});

test("an observation that is not whole is told, whoever acts", async () => {
  const rng = new Rng(1);
  const worlds = { environments: systemCopies(cartPole() as System, { count: 1 }), device, rng, hidden: [4] };
  using policy = new Ppo(worlds);
  using values = new Dqn(worlds);
  for (const agent of [policy, values]) {
    await expect(agent.act(new Float32Array(3), { rng })).rejects.toThrow(
      "act: expected observations of 4 numbers each, one after the other, got 3",
    );
    expect(await agent.act(new Float32Array(8), { rng })).toHaveLength(2);
  }
});

test("discrete SAC finds the better arm", async () => {
  const arms = bandit({ means: [0.1, 0.9, 0.3], rewards: "bernoulli", pulls: 3 }) as System;
  const rng = new Rng(2);
  using agent = new DiscreteSac({
    environments: systemCopies(arms, { count: 4 }),
    device,
    rng,
    hidden: [16],
    learningRate: 1e-2,
    batchSize: 32,
    warmUp: 40,
    discount: 0.5,
    totalSteps: 800,
  });
  const { logs } = await learn(agent);
  expect([...(await agent.act(new Float32Array(1), { rng }))]).toEqual([1]);
  // A share of 0.3 of log 3 is what the entropy is steered to.
  expect(Math.abs(logs.at(-1)!.entropy! - 0.3 * Math.log(3))).toBeLessThan(0.2);
});

test("TD3+BC learns from steps it never took, better than those who took them", async () => {
  const rng = new Rng(3);
  const system = target() as System;
  const worlds = systemCopies(system, { count: 10 });
  const buffer = new ReplayBuffer({ capacity: 2000, observationSize: 1, actionSize: 1 });
  let observations = worlds.reset(rng).slice();
  let before = 0;
  for (let t = 0; t < 200; t++) {
    // A clumsy expert: right on average.
    const actions = rng
      .normal([10], 0, 0.3)
      .data.map((noise, i) => Math.min(Math.max((2 * observations[i]!) / 3 + noise, -1), 1)) as Float32Array;
    const step = worlds.step(actions.map((action) => 3 * action));
    for (let n = 0; n < 10; n++) {
      buffer.add({
        observation: [observations[n]!],
        action: [actions[n]!],
        reward: step.rewards[n]!,
        nextObservation: [step.nextObservations[n]!],
        discount: 0.5,
      });
      before += step.rewards[n]! / 500;
    }
    observations = step.observations.slice();
  }
  const { observationSpace, actionSpace } = system;
  using agent = await learnOffline(buffer, {
    device,
    rng,
    observationSpace,
    actionSpace,
    updates: 600,
    hidden: [24],
    learningRate: 5e-3,
    batchSize: 64,
  });
  const { mean } = await evaluatePolicy(agent, { environments: systemCopies(system, { count: 10 }), rng, episodes: 50 });
  expect(before).toBeLessThan(-2);
  expect(mean).toBeGreaterThan(before / 4);
  await expect(
    learnOffline(new ReplayBuffer({ capacity: 1, observationSize: 1, actionSize: 1 }), {
      device,
      rng,
      observationSpace,
      actionSpace,
      updates: 1,
    }),
  ).rejects.toThrow("expected at least one transition");
});

test("a wrong space or size is named before anything runs", () => {
  const floats = { environments: systemCopies(pendulum() as System, { count: 1 }), device, rng: new Rng(1) };
  const choices = { environments: systemCopies(cartPole() as System, { count: 1 }), device, rng: new Rng(1) };
  expect(() => new Dqn(floats)).toThrow("Dqn: expected one discrete action, got Box([1], -2 to 2)");
  expect(() => new Sac(choices)).toThrow("Sac: expected actions in a Box with finite bounds, got Discrete(2)");
  expect(() => new Ppo({ ...choices, rolloutSteps: 8, batchSize: 64 })).toThrow("Ppo: expected a batchSize from 2 to 8");
  expect(() => new Ppo({ ...choices, totalSteps: 0 })).toThrow("totalSteps: expected a whole number ≥ 1, got 0");
});

test("a diverged loss ends the training by name, and a signal ends it in order", async () => {
  using agent = new Ppo({
    environments: systemCopies(pendulum() as System, { count: 2 }),
    device,
    rng: new Rng(1),
    hidden: [8],
    rolloutSteps: 16,
    batchSize: 16,
    learningRate: 1e30,
    totalSteps: 2000,
  });
  await expect(learn(agent)).rejects.toThrow(/expected a .*loss that is a number|expected an action/);
  using other = new Ppo({
    environments: systemCopies(cartPole() as System, { count: 2 }),
    device,
    rng: new Rng(1),
    hidden: [8],
    rolloutSteps: 16,
    batchSize: 16,
    totalSteps: 1e6,
  });
  const stop = new AbortController();
  const { reason, logs } = await learn(other, { signal: stop.signal, onLog: ({ steps }) => steps >= 96 && stop.abort() } as Parameters<
    typeof learn
  >[1]);
  expect(reason).toBe("stopped");
  expect(logs.at(-1)!.steps).toBe(96);
});
