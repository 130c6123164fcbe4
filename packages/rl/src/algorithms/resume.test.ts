import { cpu } from "@dl/backend-cpu";
import { openDevice, Rng } from "@dl/core";
import { readTensors } from "@dl/nn";
import { afterAll, expect, test } from "vitest";
import type { Environment } from "../environment.ts";
import { cartPole } from "../environments/cart-pole.ts";
import { frozenLake } from "../environments/frozen-lake.ts";
import { pendulum } from "../environments/pendulum.ts";
import { learn } from "../learn.ts";
import type { ReplayBuffer } from "../replay/replay-buffer.ts";
import { Box } from "../spaces/box.ts";
import { Discrete } from "../spaces/discrete.ts";
import { environmentOf, type System } from "../system.ts";
import { environmentCopies } from "../vector/copies.ts";
import { normalized } from "../vector/normalized.ts";
import { systemCopies } from "../vector/system-copies.ts";
import { A2c } from "./a2c.ts";
import type { Algorithm, AlgorithmOptions } from "./algorithm.ts";
import { DiscreteSac } from "./discrete-sac.ts";
import { Dqn } from "./dqn.ts";
import { Ppo } from "./ppo.ts";
import { RecurrentPpo } from "./recurrent-ppo.ts";
import { Reinforce } from "./reinforce.ts";
import { Sac } from "./sac.ts";
import { TabularQ } from "./tabular-agent.ts";
import { Td3 } from "./td3.ts";
import { Trpo } from "./trpo.ts";

const device = await openDevice(cpu());
afterAll(() => device[Symbol.asyncDispose]());

type Make = (options: AlgorithmOptions) => Algorithm;
const small = { hidden: [8], rolloutSteps: 16 };
const few = { hidden: [8], batchSize: 16, warmUp: 20 };
// Noise that is kept for 7 steps is of a certain age after rollouts of 16.
const smooth = { exploration: "smooth", noiseSteps: 7 } as const;
const scaled = ({ environments, ...options }: AlgorithmOptions): AlgorithmOptions => ({
  ...options,
  environments: normalized(environments, { discount: 0.99 }),
});

/** A lake on which one way is barred in each place. */
const barred: System = {
  ...(frozenLake() as System),
  mask(state, at, row, rowAt) {
    row.fill(1, rowAt, rowAt + 4);
    row[rowAt + (state[at]! % 4)] = 0;
  },
};

const resumable: readonly (readonly [string, System, Make])[] = [
  ["PPO", cartPole() as System, (o) => new Ppo({ ...o, ...small, batchSize: 32 })],
  ["PPO, gSDE", pendulum() as System, (o) => new Ppo({ ...o, ...small, ...smooth, batchSize: 32 })],
  ["PPO, normalised", pendulum() as System, (o) => new Ppo({ ...scaled(o), ...small, batchSize: 32 })],
  ["RecurrentPpo", cartPole() as System, (o) => new RecurrentPpo({ ...o, ...small, batchSize: 16, memorySize: 8, sequenceLength: 8 })],
  [
    "RecurrentPpo, gSDE",
    pendulum() as System,
    (o) => new RecurrentPpo({ ...o, ...small, ...smooth, batchSize: 16, memorySize: 8, sequenceLength: 8 }),
  ],
  ["TRPO", cartPole() as System, (o) => new Trpo({ ...o, ...small, criticEpochs: 2, batchSize: 16 })],
  ["A2C", cartPole() as System, (o) => new A2c({ ...o, ...small, rolloutSteps: 5 })],
  ["A2C, gSDE", pendulum() as System, (o) => new A2c({ ...o, ...small, ...smooth, rolloutSteps: 5 })],
  ["REINFORCE", cartPole() as System, (o) => new Reinforce({ ...o, ...small })],
  ["REINFORCE, no baseline", cartPole() as System, (o) => new Reinforce({ ...o, ...small, baseline: false })],
  ["DQN", cartPole() as System, (o) => new Dqn({ ...o, ...few, horizon: 2, prioritized: {}, targetEvery: 7 })],
  ["DQN, masked", barred, (o) => new Dqn({ ...o, ...few, horizon: 3, targetEvery: 7 })],
  ["DiscreteSac", cartPole() as System, (o) => new DiscreteSac({ ...o, ...few })],
  ["DiscreteSac, masked", barred, (o) => new DiscreteSac({ ...o, ...few })],
  ["SAC", pendulum() as System, (o) => new Sac({ ...o, ...few })],
  ["SAC, normalised", pendulum() as System, (o) => new Sac({ ...scaled(o), ...few })],
  ["TabularQ", barred, (o) => new TabularQ({ ...o, roundSteps: 8 })],
  ["TD3", pendulum() as System, (o) => new Td3({ ...o, ...few })],
];

test.each(resumable)("%s, saved and restored, goes on to the same bits", async (_, system, make) => {
  const options = (): AlgorithmOptions => ({ environments: systemCopies(system, { count: 2 }), device, rng: new Rng(7), totalSteps: 400 });
  using straight = make(options());
  await learn(straight, { steps: 80 });
  const at = straight.steps;
  const bytes = await straight.save();
  await learn(straight, { steps: 160 });
  using resumed = make(options());
  resumed.restore(bytes);
  expect(resumed.steps).toBe(at);
  await learn(resumed, { steps: 160 });
  expect(await resumed.save()).toEqual(await straight.save());
  expect(() => resumed.restore(bytes.subarray(0, bytes.length - 9))).toThrow(/checkpoint/);
});

test("copies that cannot tell where they stand start new episodes, seen through the statistics there were", async () => {
  const make = () => {
    const copies = environmentCopies([environmentOf(pendulum()), environmentOf(pendulum())] as Environment[]);
    const environments = normalized(copies, { discount: 0.99 });
    const agent = new Ppo({ environments, device, rng: new Rng(7), ...small, batchSize: 32, totalSteps: 400 });
    return { agent, statistics: environments.statistics };
  };
  const first = make();
  using straight = first.agent;
  await learn(straight, { steps: 64 });
  const bytes = await straight.save();
  const second = make();
  using resumed = second.agent;
  resumed.restore(bytes);
  expect(second.statistics.state()).toEqual(first.statistics.state());
  const { logs } = await learn(resumed, { steps: 128 });
  expect(logs.at(-1)!.steps).toBe(128);
  // 64 steps of two copies, and their starts twice.
  expect(second.statistics.count).toBe(128 + 4);
});

/** Shows how many steps the episode has, which never ends; unless `fails`, then at its first step. */
function clock({ fails = false }: { fails?: boolean } = {}): Environment<Float32Array, number> {
  let t = 0;
  return {
    name: "Clock",
    observationSpace: new Box({ shape: [1], low: 0, high: 1000 }),
    actionSpace: new Discrete(2),
    reset: () => ({ observation: Float32Array.of((t = 0)), info: {} }),
    step() {
      if (fails) throw new Error("stopped");
      return { observation: Float32Array.of(++t), reward: 0, terminated: false, truncated: false, info: {} };
    },
  };
}

test("steps of an episode that is gone are not summed up with those of a new one", async () => {
  const make = (): Dqn =>
    new Dqn({
      ...{ environments: environmentCopies([clock()] as Environment[]), device, rng: new Rng(1), totalSteps: 100 },
      ...{ hidden: [4], warmUp: 90, trainEvery: 1, horizon: 3, capacity: 100 },
    });
  using first = make();
  await learn(first, { steps: 10 });
  using second = make();
  second.restore(await first.save());
  await learn(second, { steps: 20 });
  const { observations, nextObservations } = (second.buffer as ReplayBuffer).at(
    Int32Array.from({ length: second.buffer.length }, (_, i) => i),
  );
  // Of ten steps, eight are sums of three; and that twice.
  expect(second.buffer.length).toBe(16);
  expect(Array.from(nextObservations.data, (next, i) => next - observations.data[i]!)).toEqual(new Array(16).fill(3));
});

test("a memory of an episode that is gone is emptied", async () => {
  const make = (fails: boolean): RecurrentPpo =>
    new RecurrentPpo({
      ...{ environments: environmentCopies([clock({ fails })] as Environment[]), device, rng: new Rng(1), totalSteps: 100 },
      ...{ ...small, batchSize: 16, memorySize: 4 },
    });
  const saved = async (agent: RecurrentPpo, name: string): Promise<number[]> => {
    const [, tensor] = [...readTensors(await agent.save())].find(([key]) => key.endsWith(`algorithm.${name}`))!;
    return [...tensor.data];
  };
  using first = make(false);
  await learn(first, { steps: 16 });
  using second = make(true);
  second.restore(await first.save());
  await expect(second.iterate(() => {})).rejects.toThrow("stopped");
  expect(await saved(first, "memory")).not.toEqual(new Array(8).fill(0));
  expect(await saved(first, "starts")).toEqual([0]);
  expect(await saved(second, "memory")).toEqual(new Array(8).fill(0));
  expect(await saved(second, "starts")).toEqual([1]);
});

test("an agent goes on in another number of copies, with steps and memories of their own", async () => {
  const worlds = (count: number) => environmentCopies(Array.from({ length: count }, () => clock()) as Environment[]);
  const dqn = (count: number): Dqn =>
    new Dqn({
      ...{ environments: worlds(count), device, rng: new Rng(1), totalSteps: 1000, hidden: [4] },
      ...{ warmUp: 900, trainEvery: 1, horizon: 3, capacity: 100 },
    });
  const recurrent = (count: number): RecurrentPpo =>
    new RecurrentPpo({ environments: worlds(count), device, rng: new Rng(1), totalSteps: 1000, ...small, batchSize: 16, memorySize: 4 });
  using first = dqn(3);
  await learn(first, { steps: 30 });
  using remembering = recurrent(3);
  await learn(remembering, { steps: 48 });
  for (const count of [1, 4]) {
    using second = dqn(count);
    second.restore(await first.save());
    await learn(second, { steps: 30 + 10 * count });
    const kept = (second.buffer as ReplayBuffer).at(Int32Array.from({ length: second.buffer.length }, (_, i) => i));
    // Eight sums of three steps for each copy, there and here.
    expect(second.buffer.length).toBe(24 + 8 * count);
    expect(Array.from(kept.nextObservations.data, (next, i) => next - kept.observations.data[i]!)).toEqual(
      new Array(24 + 8 * count).fill(3),
    );
    using again = recurrent(count);
    again.restore(await remembering.save());
    await learn(again, { steps: 48 + 16 * count });
    expect(again.steps).toBe(48 + 16 * count);
  }
});

test("a training is made longer: what it keeps has more places then", async () => {
  const make = (totalSteps: number): Sac =>
    new Sac({ environments: systemCopies(pendulum() as System, { count: 2 }), device, rng: new Rng(1), totalSteps, ...few });
  // With two copies, 41 steps are 42, and the buffer of 41 is full.
  using first = make(41);
  await learn(first);
  using longer = make(80);
  longer.restore(await first.save());
  await learn(longer);
  expect([longer.steps, longer.buffer.length]).toEqual([80, 79]);
});
