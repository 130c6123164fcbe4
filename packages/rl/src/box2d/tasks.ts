/** LunarLander by PPO and SAC, BipedalWalker by PPO. Settings after those of RL Baselines3 Zoo. */

import { Ppo } from "../algorithms/ppo.ts";
import { Sac } from "../algorithms/sac.ts";
import { linear } from "../schedule.ts";
import type { Task } from "../tasks/task.ts";
import { environmentCopies } from "../vector/copies.ts";
import { bipedalWalker } from "./bipedal-walker.ts";
import { lunarLander, lunarLanderContinuous } from "./lunar-lander.ts";

export const ppoLunarLander: Task = {
  name: "ppo-lunar-lander",
  title: "PPO on LunarLander-v3",
  copies: 16,
  steps: 1_000_000,
  goal: 200,
  world: () => lunarLander(),
  worlds: (count) => environmentCopies(Array.from({ length: count }, () => lunarLander())),
  algorithm: (options) =>
    new Ppo({
      ...options,
      rolloutSteps: 1024,
      batchSize: 256,
      epochs: 4,
      discount: 0.999,
      lambda: 0.98,
      entropyWeight: 0.01,
      learningRate: linear(1e-3),
    }),
};

export const sacLunarLander: Task = {
  name: "sac-lunar-lander",
  title: "SAC on LunarLanderContinuous-v3",
  copies: 8,
  steps: 500_000,
  goal: 200,
  world: () => lunarLanderContinuous(),
  worlds: (count) => environmentCopies(Array.from({ length: count }, () => lunarLanderContinuous())),
  // Steps of this world cost less than those of learning: one of learning for four of the world. Networks half as wide learn to hover.
  algorithm: (options) =>
    new Sac({
      ...options,
      hidden: [256, 256],
      gradientSteps: 2,
      learningRate: linear(7.3e-4),
      targetRate: 0.01,
      warmUp: 10_000,
    }),
};

export const ppoBipedalWalker: Task = {
  name: "ppo-bipedal-walker",
  title: "PPO on BipedalWalker-v3",
  copies: 32,
  steps: 5_000_000,
  goal: 250,
  world: () => bipedalWalker(),
  worlds: (count) => environmentCopies(Array.from({ length: count }, () => bipedalWalker())),
  normalize: { discount: 0.999 },
  algorithm: (options) =>
    new Ppo({
      ...options,
      rolloutSteps: 2048,
      batchSize: 512,
      epochs: 10,
      discount: 0.999,
      lambda: 0.95,
      learningRate: linear(3e-4),
      clipRange: 0.18,
    }),
};

/** Every task of this entry. */
export const box2dTasks: readonly Task[] = [ppoLunarLander, sacLunarLander, ppoBipedalWalker];
