/** CartPole by five algorithms. PPO's and DQN's settings after those of RL Baselines3 Zoo. */

import { A2c } from "../algorithms/a2c.ts";
import { Dqn } from "../algorithms/dqn.ts";
import { Ppo } from "../algorithms/ppo.ts";
import { Reinforce } from "../algorithms/reinforce.ts";
import { Trpo } from "../algorithms/trpo.ts";
import { cartPole } from "../environments/cart-pole.ts";
import { linear } from "../schedule.ts";
import { environmentOf } from "../system.ts";
import { systemCopies } from "../vector/system-copies.ts";
import type { Task } from "./task.ts";

const worlds = { world: () => environmentOf(cartPole()), worlds: (count: number) => systemCopies(cartPole(), { count }) };

export const ppoCartPole: Task = {
  ...worlds,
  name: "ppo-cartpole",
  title: "PPO on CartPole-v1",
  copies: 8,
  steps: 100_000,
  goal: 500,
  algorithm: (options) =>
    new Ppo({
      ...options,
      rolloutSteps: 32,
      batchSize: 256,
      epochs: 20,
      discount: 0.98,
      lambda: 0.8,
      learningRate: linear(1e-3),
      clipRange: linear(0.2),
    }),
};

export const dqnCartPole: Task = {
  ...worlds,
  name: "dqn-cartpole",
  title: "DQN on CartPole-v1",
  copies: 1,
  steps: 50_000,
  goal: 475,
  algorithm: (options) =>
    new Dqn({
      ...options,
      hidden: [128, 128],
      learningRate: linear(1e-3, { to: 1e-4 }),
      batchSize: 64,
      warmUp: 1000,
      trainEvery: 2,
      gradientSteps: 1,
      targetEvery: 200,
      horizon: 3,
      exploration: linear(1, { to: 0.04, share: 0.16 }),
    }),
};

export const a2cCartPole: Task = {
  ...worlds,
  name: "a2c-cartpole",
  title: "A2C on CartPole-v1",
  copies: 8,
  steps: 500_000,
  goal: 500,
  algorithm: (options) =>
    new A2c({ ...options, rolloutSteps: 16, learningRate: linear(1e-3), optimizer: "adam", discount: 0.99, lambda: 0.95 }),
};

export const reinforceCartPole: Task = {
  ...worlds,
  name: "reinforce-cartpole",
  title: "REINFORCE with a baseline on CartPole-v1",
  copies: 4,
  steps: 300_000,
  goal: 475,
  algorithm: (options) => new Reinforce({ ...options, rolloutSteps: 500, learningRate: linear(5e-3), discount: 0.99 }),
};

export const trpoCartPole: Task = {
  ...worlds,
  name: "trpo-cartpole",
  title: "TRPO on CartPole-v1",
  copies: 8,
  steps: 200_000,
  goal: 500,
  algorithm: (options) => new Trpo({ ...options, rolloutSteps: 128, discount: 0.99, lambda: 0.98, criticEpochs: 10, batchSize: 256 }),
};
