/** Pendulum: swing up and hold with a weak motor. Equal to Gymnasium's Pendulum-v1. */

import type { Drawing } from "../drawing/drawing.ts";
import { Box } from "../spaces/box.ts";
import type { System } from "../system.ts";

const gravity = 10; // m/s²
const timeStep = 0.05; // s
const speedLimit = 8; // rad/s
const torqueLimit = 2; // N·m

/**
 * Observation: cos and sin of the angle from upright, angular velocity (rad/s, ±8). Action: torque (N·m, clipped to ±2).
 * Reward: −(angle² + 0.1·velocity² + 0.001·torque²), from −16.27 to 0; an episode is 200 steps and never terminates.
 * Starts anywhere within ±π rad and ±1 rad/s.
 */
export function pendulum(): System<Float32Array, Float32Array> {
  return {
    name: "Pendulum-v1",
    observationSpace: new Box({ low: [-1, -1, -speedLimit], high: [1, 1, speedLimit] }),
    actionSpace: new Box({ shape: [1], low: -torqueLimit, high: torqueLimit }),
    rewardRange: [-(Math.PI ** 2 + 0.1 * speedLimit ** 2 + 0.001 * torqueLimit ** 2), 0],
    stateSize: 2,
    maxSteps: 200,
    start(state, at, rng) {
      state[at] = rng.float(-Math.PI, Math.PI);
      state[at + 1] = rng.float(-1, 1);
    },
    advance(state, at, move) {
      const angle = state[at]!;
      const speed = state[at + 1]!;
      const torque = Math.min(Math.max(move.actions[move.actionAt]!, -torqueLimit), torqueLimit);
      const upright = angle + Math.PI - 2 * Math.PI * Math.floor((angle + Math.PI) / (2 * Math.PI)) - Math.PI;
      // Gymnasium keeps the torque in float32, and so its square: the last digits of the reward come from there.
      const effort = Math.fround(Math.fround(0.001) * Math.fround(torque * torque));
      move.reward = -(upright ** 2 + 0.1 * speed ** 2 + effort);
      move.terminated = false;
      const next = speed + (((3 * gravity) / 2) * Math.sin(angle) + Math.fround(3 * torque)) * timeStep;
      const bounded = Math.min(Math.max(next, -speedLimit), speedLimit);
      state[at] = angle + bounded * timeStep;
      state[at + 1] = bounded;
    },
    observe(state, at, row, rowAt) {
      row[rowAt] = Math.cos(state[at]!);
      row[rowAt + 1] = Math.sin(state[at]!);
      row[rowAt + 2] = state[at + 1]!;
    },
    draw: drawPendulum,
  };
}

function drawPendulum(state: Float64Array, at: number): Drawing {
  const angle = state[at]!;
  const tip = [200 - 130 * Math.sin(angle), 200 - 130 * Math.cos(angle)] as const;
  return {
    width: 400,
    height: 400,
    background: "#ffffff",
    shapes: [
      { kind: "line", points: [[200, 200], tip], stroke: "#cc4d4d", strokeWidth: 28 },
      { kind: "circle", x: 200, y: 200, radius: 7, fill: "#000000" },
    ],
  };
}
