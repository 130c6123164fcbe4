/** MountainCarContinuous: the same hill with a throttle, and effort costs. Equal to Gymnasium's MountainCarContinuous-v0. */

import { Box } from "../spaces/box.ts";
import type { System } from "../system.ts";
import { drawMountain, highest, lowest, speedLimit } from "./mountain.ts";

const goal = 0.45;
const { fround } = Math;

/**
 * Observation: position (−1.2 to 0.6), velocity (±0.07). Action: throttle, clipped to ±1.
 * Reward: 100 at the flag at 0.45, less 0.1·action² a step; at most 999 steps. Standing still for ever gives 0. Starts as MountainCar.
 */
export function mountainCarContinuous(): System<Float32Array, Float32Array> {
  return {
    name: "MountainCarContinuous-v0",
    observationSpace: new Box({ low: [lowest, -speedLimit], high: [highest, speedLimit] }),
    actionSpace: new Box({ shape: [1], low: -1, high: 1 }),
    rewardRange: [-0.1, 100],
    stateSize: 2,
    maxSteps: 999,
    start(state, at, rng) {
      state[at] = rng.float(-0.6, -0.4);
      state[at + 1] = 0;
    },
    advance(state, at, move) {
      const action = move.actions[move.actionAt]!;
      const throttle = Math.min(Math.max(action, -1), 1);
      // Gymnasium keeps this state in float32, so every step rounds.
      let velocity = fround(state[at + 1]! + fround(throttle * fround(0.0015)) - 0.0025 * Math.cos(fround(3 * state[at]!)));
      velocity = Math.min(Math.max(velocity, -speedLimit), speedLimit);
      const position = Math.min(Math.max(fround(state[at]! + velocity), lowest), highest);
      if (position === lowest && velocity < 0) velocity = 0;
      move.terminated = position >= goal && velocity >= 0;
      move.reward = (move.terminated ? 100 : 0) - action * action * 0.1;
      state[at] = fround(position);
      state[at + 1] = fround(velocity);
    },
    observe(state, at, row, rowAt) {
      row[rowAt] = state[at]!;
      row[rowAt + 1] = state[at + 1]!;
    },
    draw: (state, at) => drawMountain(state[at]!, goal),
  };
}
