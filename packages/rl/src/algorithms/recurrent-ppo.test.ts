import { cpu } from "@dl/backend-cpu";
import { openDevice, Rng, tensor, valueAndGrad } from "@dl/core";
import { afterAll, expect, test } from "vitest";
import { cartPole } from "../environments/cart-pole.ts";
import { evaluatePolicy } from "../evaluate.ts";
import { learn } from "../learn.ts";
import { Box } from "../spaces/box.ts";
import { Discrete } from "../spaces/discrete.ts";
import type { System } from "../system.ts";
import { systemCopies } from "../vector/system-copies.ts";
import type { AlgorithmOptions } from "./algorithm.ts";
import { Ppo } from "./ppo.ts";
import { RecurrentActorCritic, RecurrentPpo } from "./recurrent-ppo.ts";
import { hostRows } from "./rollout.ts";

const device = await openDevice(cpu());
afterAll(() => device[Symbol.asyncDispose]());

/** A cue is shown, then nothing for some steps; the last action must be the cue. Only a memory earns more than a half. */
function recall(delay: number): System<Float32Array, number> {
  return {
    name: "Recall",
    observationSpace: new Box({ shape: [2], low: -1, high: 1 }),
    actionSpace: new Discrete(2),
    rewardRange: [0, 1],
    stateSize: 2,
    start(state, at, rng) {
      state[at] = rng.integer(0, 2);
      state[at + 1] = 0;
    },
    advance(state, at, move) {
      state[at + 1]!++;
      move.terminated = state[at + 1]! > delay;
      move.reward = move.terminated && move.actions[move.actionAt] === state[at] ? 1 : 0;
    },
    observe(state, at, row, rowAt) {
      row[rowAt] = state[at + 1] === 0 ? 2 * state[at]! - 1 : 0;
      row[rowAt + 1] = state[at + 1] === delay ? 1 : 0;
    },
  };
}

const settings = { rolloutSteps: 16, batchSize: 128, hidden: [16], learningRate: 1e-2, discount: 0.9, epochs: 4 };

test("a memory recalls what it was shown three steps ago; without one, half is as good as it gets", async () => {
  const options = (): AlgorithmOptions & typeof settings => ({
    environments: systemCopies(recall(3) as System, { count: 16 }),
    device,
    rng: new Rng(1),
    totalSteps: 4096,
    ...settings,
  });
  const measure = async (agent: Ppo | RecurrentPpo): Promise<number> => {
    await learn(agent, { stopAtReturn: 1 });
    const environments = systemCopies(recall(3) as System, { count: 20 });
    return (await evaluatePolicy(agent, { environments, rng: new Rng(2), episodes: 100 })).mean;
  };
  using remembers = new RecurrentPpo({ ...options(), memorySize: 16, sequenceLength: 8 });
  using forgets = new Ppo(options());
  expect(await measure(remembers)).toBeGreaterThan(0.97);
  // A hundred coins: four standard deviations above a half.
  expect(await measure(forgets)).toBeLessThan(0.7);
});

test("an episode that begins within a sequence knows nothing of the one before: values and gradients are those of two sequences", async () => {
  const rng = new Rng(3);
  const environments = systemCopies(cartPole() as System, { count: 1 });
  using model = new RecurrentActorCritic({ environments, hidden: [8], memorySize: 8, rng });
  const observations = rng.normal([6, 4]).data as Float32Array;
  const before = rng.normal([16]).data as Float32Array;
  const rows = (from: number, to: number) => tensor(hostRows(observations.slice(4 * from, 4 * to), { width: 4 }));
  const memory = (data: Float32Array) => tensor(hostRows(data, { width: 16 }));
  const weight = model.cell.hiddenWeight;
  const whole = await device.compute(() => {
    const { value, grads } = valueAndGrad(() => {
      const { values, memory: after } = model.forward(rows(0, 6), { memory: memory(before), starts: Uint8Array.of(0, 0, 0, 1, 0, 0) });
      return { loss: values.square().sum(), values, after };
    }, [weight]);
    return { ...value, gradient: grads.get(weight)! };
  });
  const parts = await device.compute(() => {
    const { value, grads } = valueAndGrad(() => {
      const first = model.forward(rows(0, 3), { memory: memory(before), starts: new Uint8Array(3) });
      const second = model.forward(rows(3, 6), { memory: memory(new Float32Array(16)), starts: new Uint8Array(3) });
      return {
        loss: first.values.square().sum().add(second.values.square().sum()),
        first: first.values,
        second: second.values,
        after: second.memory,
      };
    }, [weight]);
    return { ...value, gradient: grads.get(weight)! };
  });
  const close = (a: ArrayLike<number>, b: ArrayLike<number>): void => {
    expect(a.length).toBe(b.length);
    for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i]!, 5);
  };
  close(whole.values.data, [...parts.first.data, ...parts.second.data]);
  close(whole.after.data, parts.after.data);
  close(whole.gradient.data, parts.gradient.data);
});

test("before its first gradient step, the policy that learns is the one that played: the ratio is 1 on every row", async () => {
  const environments = systemCopies(recall(3) as System, { count: 3 });
  using agent = new RecurrentPpo({
    environments,
    device,
    rng: new Rng(4),
    rolloutSteps: 24,
    batchSize: 72,
    sequenceLength: 8,
    epochs: 1,
    hidden: [8],
    memorySize: 8,
    totalSteps: 720,
  });
  for (let round = 0; round < 3; round++) {
    // One minibatch of all rows, and so one step: its divergence is measured before it moves.
    const { approx_kl, clip_fraction } = await agent.iterate(() => {});
    expect(approx_kl).toBeLessThan(1e-10);
    expect(clip_fraction).toBe(0);
  }
});

test("saved and restored, it goes on to the same bits, in the middle of episodes", async () => {
  const make = (): RecurrentPpo =>
    new RecurrentPpo({
      environments: systemCopies(cartPole() as System, { count: 2 }),
      device,
      rng: new Rng(7),
      totalSteps: 400,
      ...settings,
      batchSize: 16,
      memorySize: 8,
      sequenceLength: 8,
    });
  using straight = make();
  await learn(straight, { steps: 160 });
  const bytes = await straight.save();
  await learn(straight, { steps: 320 });
  using resumed = make();
  resumed.restore(bytes);
  await learn(resumed, { steps: 320 });
  expect(await resumed.save()).toEqual(await straight.save());
});

test("sizes that do not divide are named", () => {
  const options = { environments: systemCopies(cartPole() as System, { count: 2 }), device, rng: new Rng(1) };
  expect(() => new RecurrentPpo({ ...options, rolloutSteps: 16, batchSize: 16, sequenceLength: 5 })).toThrow(
    "RecurrentPpo: expected rolloutSteps and batchSize to be multiples of the sequenceLength 5, got 16 and 16",
  );
  expect(() => new RecurrentPpo({ ...options, rolloutSteps: 16, batchSize: 16, hidden: [] })).toThrow("expected at least one hidden layer");
});
