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
  steps: 500_000,
  goal: -80,
  world: () => environmentOf(acrobot()),
  worlds: (count) => systemCopies(acrobot(), { count }),
  normalize: { discount: 0.99 },
  algorithm: (options) =>
    new Ppo({ ...options, rolloutSteps: 128, batchSize: 64, epochs: 6, discount: 0.99, lambda: 0.95, learningRate: linear(5e-4) }),
};
