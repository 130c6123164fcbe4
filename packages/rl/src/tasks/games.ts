/** Games of pixels, and a car that feels its way. */

import { Dqn } from "../algorithms/dqn.ts";
import { Ppo } from "../algorithms/ppo.ts";
import { catchGame } from "../environments/catch.ts";
import { drivingTrack } from "../environments/driving-track.ts";
import { linear } from "../schedule.ts";
import { environmentOf } from "../system.ts";
import { systemCopies } from "../vector/system-copies.ts";
import type { Task } from "./task.ts";

const catching = { world: () => environmentOf(catchGame()), worlds: (count: number) => systemCopies(catchGame(), { count }) };

export const ppoCatch: Task = {
  ...catching,
  name: "ppo-catch",
  title: "PPO on Catch, from pixels",
  copies: 16,
  steps: 60_000,
  goal: 1,
  algorithm: (options) =>
    new Ppo({ ...options, rolloutSteps: 36, batchSize: 144, epochs: 4, discount: 0.99, learningRate: linear(2.5e-3), entropyWeight: 0.01 }),
};

export const dqnCatch: Task = {
  ...catching,
  name: "dqn-catch",
  title: "DQN on Catch, from pixels",
  copies: 1,
  steps: 20_000,
  goal: 1,
  algorithm: (options) =>
    new Dqn({
      ...options,
      hidden: [64],
      learningRate: linear(1e-3, { to: 1e-4 }),
      batchSize: 32,
      warmUp: 500,
      trainEvery: 2,
      targetEvery: 200,
      discount: 0.99,
      exploration: linear(1, { to: 0.05, share: 0.4 }),
    }),
};

export const ppoDrivingTrack: Task = {
  name: "ppo-driving-track",
  title: "PPO on DrivingTrack",
  copies: 8,
  steps: 200_000,
  goal: 100,
  world: () => environmentOf(drivingTrack()),
  worlds: (count) => systemCopies(drivingTrack(), { count }),
  algorithm: (options) =>
    new Ppo({ ...options, rolloutSteps: 256, batchSize: 256, epochs: 8, discount: 0.98, lambda: 0.95, learningRate: linear(1e-3) }),
};
