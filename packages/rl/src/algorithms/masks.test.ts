import { cpu } from "@dl/backend-cpu";
import { hostTensor, openDevice, Rng } from "@dl/core";
import { afterAll, expect, test } from "vitest";
import { taxi } from "../environments/taxi.ts";
import { learn } from "../learn.ts";
import type { Network } from "../networks/network.ts";
import type { ReplayBatch, ReplayBuffer } from "../replay/replay-buffer.ts";
import { Discrete } from "../spaces/discrete.ts";
import type { System } from "../system.ts";
import { systemCopies } from "../vector/system-copies.ts";
import type { VectorEnvironment } from "../vector/vector-environment.ts";
import type { AlgorithmOptions } from "./algorithm.ts";
import { DiscreteSac } from "./discrete-sac.ts";
import { Dqn } from "./dqn.ts";
import { Ppo } from "./ppo.ts";

const device = await openDevice(cpu());
afterAll(() => device[Symbol.asyncDispose]());

test("masked actions are never taken", async () => {
  const system = taxi() as System;
  const environments = systemCopies(system, { count: 4 });
  const allowed: boolean[] = [];
  const watched = {
    name: environments.name,
    count: 4,
    observationSpace: environments.observationSpace,
    actionSpace: environments.actionSpace,
    reset: (rng: Rng) => environments.reset(rng),
    step(actions: Float32Array) {
      const masks = environments.actionMasks!();
      for (const [i, action] of actions.entries()) allowed.push(masks[i * 6 + action] === 1);
      return environments.step(actions);
    },
    actionMasks: () => environments.actionMasks!(),
  };
  using ppo = new Ppo({ environments: watched, device, rng: new Rng(1), hidden: [8], rolloutSteps: 20, batchSize: 40, totalSteps: 80 });
  await learn(ppo);
  using dqn = new Dqn({
    environments: watched,
    device,
    rng: new Rng(1),
    hidden: [8],
    warmUp: 20,
    batchSize: 8,
    totalSteps: 80,
    exploration: 0.5,
  });
  await learn(dqn);
  using sac = new DiscreteSac({ environments: watched, device, rng: new Rng(1), hidden: [8], warmUp: 20, batchSize: 8, totalSteps: 80 });
  await learn(sac);
  expect(allowed).toHaveLength(240);
  expect(allowed.every(Boolean)).toBe(true);
});

/** One state and three actions, of which the last never makes sense; its value is never learned, and here it happens to be 100. */
function tempting(): AlgorithmOptions {
  const environments: VectorEnvironment = {
    name: "Tempting",
    count: 1,
    observationSpace: new Discrete(1),
    actionSpace: new Discrete(3),
    reset: () => new Float32Array(1),
    step: () => {
      throw new Error("not played");
    },
    actionMasks: () => Uint8Array.of(1, 1, 0),
  };
  return { environments, device, rng: new Rng(1), totalSteps: 100 };
}

function load({ mlp: { layers } }: Network, values: readonly number[]): void {
  layers[0]!.weight.load(hostTensor(new Float32Array(3), [1, 3]));
  layers[0]!.bias!.load(hostTensor(Float32Array.from(values), [3]));
}

/** The first action, a reward of 0.5, and half of what comes next. */
const batch: ReplayBatch = {
  observations: hostTensor(new Float32Array(1), [1, 1]),
  actions: hostTensor(new Float32Array(1), [1, 1]),
  rewards: hostTensor(Float32Array.of(0.5), [1]),
  nextObservations: hostTensor(new Float32Array(1), [1, 1]),
  discounts: hostTensor(Float32Array.of(0.5), [1]),
  places: Int32Array.of(0),
  weights: hostTensor(Float32Array.of(1), [1]),
  masks: hostTensor(Float32Array.of(1, 1, 0), [1, 3]),
  nextMasks: hostTensor(Float32Array.of(1, 1, 0), [1, 3]),
};

test.each([true, false])("DQN hopes for nothing from an action that makes no sense (double %s)", async (double) => {
  using agent = new Dqn({ ...tempting(), hidden: [], double });
  for (const { network } of [agent.network, agent.target]) load(network, [1, 2, 100]);
  // The goal is 0.5 + 0.5 · 2, the prediction 1: Huber's loss is (1/2)²/2.
  expect((await agent.update(batch)).q_loss).toBeCloseTo(0.125, 6);
});

test("discrete SAC's values, entropy and temperature are those of the actions that make sense", async () => {
  using agent = new DiscreteSac({ ...tempting(), hidden: [] });
  load(agent.policy.network, [0, 0, 100]);
  for (const { first, second } of [agent.critic, agent.target]) for (const network of [first, second]) load(network, [1, 2, 100]);
  const { q_loss, entropy, policy_loss } = await agent.update(batch);
  // Two actions, as likely: worth 1.5 on average, and log 2 of entropy at the temperature of 1.
  expect(q_loss).toBeCloseTo((0.5 + 0.5 * (1.5 + Math.log(2)) - 1) ** 2, 5);
  expect(entropy).toBeCloseTo(Math.log(2), 6);
  // The critics have moved by one step of 10⁻³ before the policy looks at them.
  expect(Math.abs(policy_loss + 1.5 + Math.log(2))).toBeLessThan(2e-3);
});

test("what is kept are the masks of both observations: that of an episode's last, not of the next one's first", async () => {
  const system = taxi() as System;
  const environments = systemCopies({ ...system, maxSteps: 3 }, { count: 2 });
  using agent = new Dqn({ environments, device, rng: new Rng(3), hidden: [4], warmUp: 60, capacity: 60, totalSteps: 60 });
  await learn(agent);
  const { observations, nextObservations, masks, nextMasks } = (agent.buffer as ReplayBuffer).at(
    Int32Array.from({ length: 60 }, (_, i) => i),
  );
  const maskOf = (state: number): number[] => {
    const row = new Uint8Array(6);
    system.mask!(Float64Array.of(state), 0, row, 0);
    return [...row];
  };
  for (let i = 0; i < 60; i++) {
    expect([...masks!.data.subarray(6 * i, 6 * i + 6)]).toEqual(maskOf(observations.data[i]!));
    expect([...nextMasks!.data.subarray(6 * i, 6 * i + 6)]).toEqual(maskOf(nextObservations.data[i]!));
  }
});

test("where an environment does not tell what made sense after an episode's last step, all is taken to", async () => {
  let t = 0;
  const environments: VectorEnvironment = {
    ...tempting().environments,
    step: () => ({
      ...{ observations: new Float32Array(1), nextObservations: new Float32Array(1), rewards: new Float64Array(1) },
      ...{ terminated: new Uint8Array(1), truncated: Uint8Array.of(++t % 2 === 0 ? 1 : 0), episodes: [] },
    }),
  };
  using agent = new Dqn({ ...tempting(), environments, hidden: [], warmUp: 8, capacity: 8 });
  await learn(agent, { steps: 4 });
  const { masks, nextMasks } = (agent.buffer as ReplayBuffer).at(Int32Array.of(0, 1, 2, 3));
  expect([...masks!.data]).toEqual([1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0]);
  expect([...nextMasks!.data]).toEqual([1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1]);
});
