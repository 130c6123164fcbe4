import { cpu } from "@dl/backend-cpu";
import { openDevice, Rng } from "@dl/core";
import { afterAll, expect, test } from "vitest";
import { cartPole } from "../environments/cart-pole.ts";
import { frozenLake } from "../environments/frozen-lake.ts";
import { pendulum } from "../environments/pendulum.ts";
import { learn } from "../learn.ts";
import { makePolicy } from "../policies/make-policy.ts";
import { ReplayBuffer } from "../replay/replay-buffer.ts";
import { linear } from "../schedule.ts";
import type { System } from "../system.ts";
import { systemCopies } from "../vector/system-copies.ts";
import { A2c } from "./a2c.ts";
import { cloneBehaviour } from "./behavioural-cloning.ts";
import { DiscreteSac } from "./discrete-sac.ts";
import { Dqn } from "./dqn.ts";
import { Ppo } from "./ppo.ts";
import { RecurrentPpo } from "./recurrent-ppo.ts";
import { Reinforce } from "./reinforce.ts";
import { Sac } from "./sac.ts";
import { TabularQ } from "./tabular-agent.ts";
import { Td3 } from "./td3.ts";
import { learnOffline } from "./td3-bc.ts";
import { Trpo } from "./trpo.ts";

const device = await openDevice(cpu());
afterAll(() => device[Symbol.asyncDispose]());

const of = (system: unknown) => ({
  ...{ environments: systemCopies(system as System, { count: 2 }), device, rng: new Rng(1), hidden: [4], totalSteps: 100 },
});
const pole = of(cartPole());
const swing = of(pendulum());

test.each([
  // These three waited for ever.
  [() => new Sac({ ...swing, trainEvery: 0 }), "Sac: expected a whole number ≥ 1 as trainEvery, got 0"],
  [() => new Trpo({ ...pole, batchSize: 0 }), "Trpo: expected a whole number ≥ 1 as batchSize, got 0"],
  [() => new TabularQ({ ...of(frozenLake()), roundSteps: 0 }), "TabularQ: expected a whole number ≥ 1 as roundSteps, got 0"],
  // These learned something else, or nothing, and said so nowhere.
  [() => new Sac({ ...swing, gradientSteps: -1 }), "Sac: expected a whole number ≥ 1 as gradientSteps, got -1"],
  [() => new Dqn({ ...pole, horizon: 0 }), "Dqn: expected a whole number ≥ 1 as horizon, got 0"],
  [() => new Dqn({ ...pole, targetEvery: 0 }), "Dqn: expected a whole number ≥ 1 as targetEvery, got 0"],
  [() => new Dqn({ ...pole, exploration: 5 }), "Dqn: expected a number from 0 to 1 as exploration, got 5"],
  [() => new Dqn({ ...pole, prioritized: { alpha: -1 } }), "Dqn: expected a number ≥ 0 as alpha, got -1"],
  [() => new Dqn({ ...pole, returns: { kind: "atoms", low: 5, high: 0, count: 11 } }), "got 11 from 5 to 0"],
  [() => new Dqn({ ...pole, returns: { kind: "atoms", low: 0, high: 5, count: 1 } }), "expected at least 2 atoms"],
  [() => new Td3({ ...swing, actorEvery: 0 }), "Td3: expected a whole number ≥ 1 as actorEvery, got 0"],
  [() => new Td3({ ...swing, explorationNoise: -1 }), "Td3: expected a number ≥ 0 as explorationNoise, got -1"],
  [() => new Ppo({ ...pole, discount: 99 }), "Ppo: expected a number from 0 to 1 as discount, got 99"],
  [() => new Ppo({ ...pole, batchSize: 2.5 }), "Ppo: expected a whole number ≥ 1 as batchSize, got 2.5"],
  [() => new Ppo({ ...pole, learningRate: -1 }), "Ppo: expected a number ≥ 0 as learningRate, got -1"],
  [() => new A2c({ ...pole, lambda: 2 }), "A2c: expected a number from 0 to 1 as lambda, got 2"],
  [() => new DiscreteSac({ ...pole, discount: 1.5 }), "DiscreteSac: expected a number from 0 to 1 as discount, got 1.5"],
  // These stopped at a NaN, and blamed the learning rate.
  [() => new Ppo({ ...pole, epochs: 0 }), "Ppo: expected a whole number ≥ 1 as epochs, got 0"],
  [() => new Sac({ ...swing, temperature: -1 }), "Sac: expected a number ≥ 0 as temperature, got -1"],
  [() => new Sac({ ...swing, targetRate: 5 }), "Sac: expected a number from 0 to 1 as targetRate, got 5"],
  [() => new Reinforce({ ...pole, rolloutSteps: 0 }), "Reinforce: expected a whole number ≥ 1 as rolloutSteps, got 0"],
  [() => new RecurrentPpo({ ...pole, sequenceLength: 0 }), "RecurrentPpo: expected a whole number ≥ 1 as sequenceLength, got 0"],
  [() => linear(1, { share: 0 }), "linear: expected a share > 0 of the training, got 0"],
] as const)("a number nothing can be learned by is refused before anything is: %s", (make, message) => {
  expect(make).toThrow(message);
});

test("a schedule in the place of a number is taken as it is", () => {
  using agent = new Dqn({ ...pole, learningRate: linear(1e-3), exploration: () => 0.1, prioritized: { beta: linear(0.4, { to: 1 }) } });
  expect(agent.name).toBe("dqn");
});

test("functions look at their numbers, too", async () => {
  using agent = new A2c(pole);
  await expect(learn(agent, { steps: Number.NaN })).rejects.toThrow("learn: expected numbers of steps");
  await expect(learn(agent, { evaluateEvery: 0 })).rejects.toThrow("evaluateEvery > 0, got 100 and 0");
  const buffer = new ReplayBuffer({ capacity: 1, observationSize: 3, actionSize: 1 });
  const spaces = { observationSpace: pendulum().observationSpace, actionSpace: pendulum().actionSpace };
  await expect(learnOffline(buffer, { ...spaces, device, rng: new Rng(1), updates: 0 })).rejects.toThrow("as updates, got 0");
});

test("an expert's action that is no choice is named; it made the policy NaN", async () => {
  const { observationSpace, actionSpace } = cartPole();
  using policy = makePolicy({ observationSpace, actionSpace, hidden: [4], rng: new Rng(1) });
  const clone = (...actions: number[]): Promise<number[]> =>
    cloneBehaviour(
      policy,
      { observations: new Float32Array(8), actions: Float32Array.from(actions) },
      { device, rng: new Rng(1), epochs: 1 },
    );
  await expect(clone(0, 7)).rejects.toThrow("cloneBehaviour: expected actions in Discrete(2), got 7 in row 1");
  expect(Number.isFinite((await clone(0, 1))[0])).toBe(true);
});
