/** Acrobot: two links, one motor in between, swing the tip above the bar. Sutton 1996; equal to Gymnasium's Acrobot-v1. */

import type { Drawing } from "../drawing/drawing.ts";
import { Box } from "../spaces/box.ts";
import { Discrete } from "../spaces/discrete.ts";
import type { System } from "../system.ts";
import { fillUniform } from "./fill-uniform.ts";

const timeStep = 0.2; // s
const gravity = 9.8; // m/s²
const limit1 = 4 * Math.PI; // rad/s
const limit2 = 9 * Math.PI; // rad/s

/**
 * Observation: cos and sin of the first angle (0 hangs down), cos and sin of the second relative to it, both velocities (rad/s, ±4π and ±9π).
 * Action: torque −1, 0 or 1 N·m on the joint. Reward: −1 a step until the tip is one link above the bar, at most 500 steps.
 * Starts within ±0.1 in all four.
 */
export function acrobot(): System<Float32Array, number> {
  const bounds = [1, 1, 1, 1, limit1, limit2];
  return {
    name: "Acrobot-v1",
    observationSpace: new Box({ low: bounds.map((bound) => -bound), high: bounds }),
    actionSpace: new Discrete(3),
    rewardRange: [-1, 0],
    stateSize: 4,
    maxSteps: 500,
    start(state, at, rng) {
      fillUniform(state, at, { rng, count: 4, bound: 0.1 });
    },
    advance(state, at, move) {
      integrate(state, at, move.actions[move.actionAt]! - 1);
      state[at] = wrap(state[at]!);
      state[at + 1] = wrap(state[at + 1]!);
      state[at + 2] = Math.min(Math.max(state[at + 2]!, -limit1), limit1);
      state[at + 3] = Math.min(Math.max(state[at + 3]!, -limit2), limit2);
      move.terminated = -Math.cos(state[at]!) - Math.cos(state[at + 1]! + state[at]!) > 1;
      move.reward = move.terminated ? 0 : -1;
    },
    observe(state, at, row, rowAt) {
      row[rowAt] = Math.cos(state[at]!);
      row[rowAt + 1] = Math.sin(state[at]!);
      row[rowAt + 2] = Math.cos(state[at + 1]!);
      row[rowAt + 3] = Math.sin(state[at + 1]!);
      row[rowAt + 4] = state[at + 2]!;
      row[rowAt + 5] = state[at + 3]!;
    },
    draw: drawAcrobot,
  };
}

// Working space: advancing is synchronous, so one is enough.
const slopes = Array.from({ length: 4 }, () => new Float64Array(4));
const point = new Float64Array(4);

/** One step of the classical Runge–Kutta method. */
function integrate(state: Float64Array, at: number, torque: number): void {
  const [k1, k2, k3, k4] = slopes as [Float64Array, Float64Array, Float64Array, Float64Array];
  const half = timeStep / 2;
  for (let i = 0; i < 4; i++) point[i] = state[at + i]!;
  slope(torque, k1);
  for (let i = 0; i < 4; i++) point[i] = state[at + i]! + half * k1[i]!;
  slope(torque, k2);
  for (let i = 0; i < 4; i++) point[i] = state[at + i]! + half * k2[i]!;
  slope(torque, k3);
  for (let i = 0; i < 4; i++) point[i] = state[at + i]! + timeStep * k3[i]!;
  slope(torque, k4);
  for (let i = 0; i < 4; i++) state[at + i]! += (timeStep / 6) * (k1[i]! + 2 * k2[i]! + 2 * k3[i]! + k4[i]!);
}

/** The equations of motion as in Sutton and Barto's book, both links 1 m and 1 kg, centres of mass at 0.5 m, moments of inertia 1 kg·m². */
function slope(torque: number, out: Float64Array): void {
  const angle1 = point[0]!;
  const angle2 = point[1]!;
  const speed1 = point[2]!;
  const speed2 = point[3]!;
  const cos2 = Math.cos(angle2);
  const sin2 = Math.sin(angle2);
  const d1 = 0.25 + (1 + 0.25 + 2 * 0.5 * cos2) + 1 + 1;
  const d2 = 0.25 + 0.5 * cos2 + 1;
  const phi2 = 0.5 * gravity * Math.cos(angle1 + angle2 - Math.PI / 2);
  const phi1 = -0.5 * speed2 ** 2 * sin2 - 2 * 0.5 * speed2 * speed1 * sin2 + 1.5 * gravity * Math.cos(angle1 - Math.PI / 2) + phi2;
  const acceleration2 = (torque + (d2 / d1) * phi1 - 0.5 * speed1 ** 2 * sin2 - phi2) / (0.25 + 1 - d2 ** 2 / d1);
  out[0] = speed1;
  out[1] = speed2;
  out[2] = -(d2 * acceleration2 + phi1) / d1;
  out[3] = acceleration2;
}

function wrap(angle: number): number {
  while (angle > Math.PI) angle -= 2 * Math.PI;
  while (angle < -Math.PI) angle += 2 * Math.PI;
  return angle;
}

function drawAcrobot(state: Float64Array, at: number): Drawing {
  const first = state[at]!;
  const second = first + state[at + 1]!;
  const scale = 90;
  const elbow = [220 + scale * Math.sin(first), 220 + scale * Math.cos(first)] as const;
  const tip = [elbow[0] + scale * Math.sin(second), elbow[1] + scale * Math.cos(second)] as const;
  return {
    width: 440,
    height: 440,
    background: "#ffffff",
    shapes: [
      {
        kind: "line",
        points: [
          [0, 220 - scale],
          [440, 220 - scale],
        ],
        stroke: "#000000",
        strokeWidth: 1,
      },
      { kind: "line", points: [[220, 220], elbow], stroke: "#00a8a8", strokeWidth: 16 },
      { kind: "line", points: [elbow, tip], stroke: "#00a8a8", strokeWidth: 16 },
      { kind: "circle", x: 220, y: 220, radius: 8, fill: "#c0c000" },
      { kind: "circle", x: elbow[0], y: elbow[1], radius: 8, fill: "#c0c000" },
    ],
  };
}
