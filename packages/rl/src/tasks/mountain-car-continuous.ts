/** MountainCarContinuous by PPO with smooth exploration: without it, no agent ever meets the flag. */

import { Ppo } from "../algorithms/ppo.ts";
import { mountainCarContinuous } from "../environments/mountain-car-continuous.ts";
import { linear } from "../schedule.ts";
import { environmentOf } from "../system.ts";
import { systemCopies } from "../vector/system-copies.ts";
import type { Task } from "./task.ts";

export const ppoMountainCarContinuous: Task = {
  name: "ppo-mountain-car-continuous",
  title: "PPO with gSDE on MountainCarContinuous-v0",
  copies: 8,
  steps: 200_000,
  goal: 90,
  world: () => environmentOf(mountainCarContinuous()),
  worlds: (count) => systemCopies(mountainCarContinuous(), { count }),
  normalize: { discount: 0.999 },
  algorithm: (options) =>
    new Ppo({
      ...options,
      rolloutSteps: 256,
      batchSize: 256,
      epochs: 10,
      discount: 0.999,
      lambda: 0.95,
      learningRate: linear(1e-3),
      exploration: "smooth",
      logStdStart: -0.5,
      noiseSteps: 32,
    }),
};
