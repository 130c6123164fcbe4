/** Acrobot by PPO. */

import { Ppo } from "../algorithms/ppo.ts";
import { acrobot } from "../environments/acrobot.ts";
import { linear } from "../schedule.ts";
import { environmentOf } from "../system.ts";
import { systemCopies } from "../vector/system-copies.ts";
import type { Task } from "./task.ts";

export const ppoAcrobot: Task = {
  name: "ppo-acrobot",
  title: "PPO on Acrobot-v1",
  copies: 16,
  steps: 1_000_000,
  goal: -80,
  world: () => environmentOf(acrobot()),
  worlds: (count) => systemCopies(acrobot(), { count }),
  normalize: {},
  algorithm: (options) =>
    new Ppo({ ...options, rolloutSteps: 256, batchSize: 256, epochs: 4, discount: 0.99, lambda: 0.94, learningRate: linear(1e-3) }),
};
