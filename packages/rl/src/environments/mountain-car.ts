/** MountainCar: a motor too weak for the hill must swing. Moore 1990; equal to Gymnasium's MountainCar-v0. */

import { Box } from "../spaces/box.ts";
import { Discrete } from "../spaces/discrete.ts";
import type { System } from "../system.ts";
import { drawMountain, highest, lowest, speedLimit } from "./mountain.ts";

const goal = 0.5;

/**
 * Observation: position (−1.2 to 0.6), velocity (±0.07). Action: 0 accelerates left, 1 not at all, 2 right.
 * Reward: −1 a step until the flag at 0.5, at most 200 steps. Starts at rest between −0.6 and −0.4.
 */
export function mountainCar(): System<Float32Array, number> {
  return {
    name: "MountainCar-v0",
    observationSpace: new Box({ low: [lowest, -speedLimit], high: [highest, speedLimit] }),
    actionSpace: new Discrete(3),
    rewardRange: [-1, -1],
    stateSize: 2,
    maxSteps: 200,
    start(state, at, rng) {
      state[at] = rng.float(-0.6, -0.4);
      state[at + 1] = 0;
    },
    advance(state, at, move) {
      let velocity = state[at + 1]! + (move.actions[move.actionAt]! - 1) * 0.001 + Math.cos(3 * state[at]!) * -0.0025;
      velocity = Math.min(Math.max(velocity, -speedLimit), speedLimit);
      const position = Math.min(Math.max(state[at]! + velocity, lowest), highest);
      if (position === lowest && velocity < 0) velocity = 0;
      state[at] = position;
      state[at + 1] = velocity;
      move.reward = -1;
      move.terminated = position >= goal && velocity >= 0;
    },
    observe(state, at, row, rowAt) {
      row[rowAt] = state[at]!;
      row[rowAt + 1] = state[at + 1]!;
    },
    draw: (state, at) => drawMountain(state[at]!, goal),
  };
}
