/** CartPole: balance a pole on a cart. Barto, Sutton and Anderson 1983; equal to Gymnasium's CartPole-v1. */

import type { Rng } from "@dl/core";
import { type Drawing, rectangle } from "../drawing/drawing.ts";
import { Box } from "../spaces/box.ts";
import { Discrete } from "../spaces/discrete.ts";
import type { System } from "../system.ts";
import { fillUniform } from "./fill-uniform.ts";

const gravity = 9.8; // m/s²
const poleMass = 0.1; // kg
const totalMass = 1 + poleMass; // kg
const halfLength = 0.5; // m
const force = 10; // N
const timeStep = 0.02; // s
const positionLimit = 2.4; // m
const angleLimit = (12 * 2 * Math.PI) / 360; // rad

export interface CartPoleOptions {
  /** Default 500, as in version 1; version 0 had 200. */
  maxSteps?: number;
}

/**
 * Observation: position (m, ±2.4 before the end), velocity (m/s), angle (rad, ±0.209), angular velocity (rad/s).
 * Action: 0 pushes left, 1 right. Reward: 1 a step, so an episode gives at most 500. Starts within ±0.05 in all four.
 */
export function cartPole({ maxSteps = 500 }: CartPoleOptions = {}): System<Float32Array, number> {
  const bounds = [2 * positionLimit, Infinity, 2 * angleLimit, Infinity];
  return {
    name: "CartPole-v1",
    observationSpace: new Box({ low: bounds.map((bound) => -bound), high: bounds }),
    actionSpace: new Discrete(2),
    rewardRange: [1, 1],
    stateSize: 4,
    maxSteps,
    start(state: Float64Array, at: number, rng: Rng): void {
      fillUniform(state, at, { rng, count: 4, bound: 0.05 });
    },
    advance(state, at, move) {
      const x = state[at]!;
      const velocity = state[at + 1]!;
      const angle = state[at + 2]!;
      const spin = state[at + 3]!;
      const push = move.actions[move.actionAt] === 1 ? force : -force;
      const cos = Math.cos(angle);
      const sin = Math.sin(angle);
      // Florian 2007, "Correct equations for the dynamics of the cart-pole system", without friction.
      const pressure = (push + poleMass * halfLength * (spin * spin) * sin) / totalMass;
      const angularAcceleration = (gravity * sin - cos * pressure) / (halfLength * (4 / 3 - (poleMass * (cos * cos)) / totalMass));
      const acceleration = pressure - (poleMass * halfLength * angularAcceleration * cos) / totalMass;
      const nextX = x + timeStep * velocity;
      const nextAngle = angle + timeStep * spin;
      state[at] = nextX;
      state[at + 1] = velocity + timeStep * acceleration;
      state[at + 2] = nextAngle;
      state[at + 3] = spin + timeStep * angularAcceleration;
      move.reward = 1;
      move.terminated = nextX < -positionLimit || nextX > positionLimit || nextAngle < -angleLimit || nextAngle > angleLimit;
    },
    observe(state, at, row, rowAt) {
      row[rowAt] = state[at]!;
      row[rowAt + 1] = state[at + 1]!;
      row[rowAt + 2] = state[at + 2]!;
      row[rowAt + 3] = state[at + 3]!;
    },
    draw: drawCartPole,
  };
}

function drawCartPole(state: Float64Array, at: number): Drawing {
  const scale = 600 / (2 * positionLimit);
  const x = 300 + state[at]! * scale;
  const angle = state[at + 2]!;
  const length = 2 * halfLength * scale;
  return {
    width: 600,
    height: 300,
    background: "#ffffff",
    shapes: [
      {
        kind: "line",
        points: [
          [0, 220],
          [600, 220],
        ],
        stroke: "#404040",
        strokeWidth: 2,
      },
      rectangle([x - 30, 200], { width: 60, height: 40, fill: "#202020" }),
      {
        kind: "line",
        points: [
          [x, 205],
          [x + length * Math.sin(angle), 205 - length * Math.cos(angle)],
        ],
        stroke: "#c08552",
        strokeWidth: 12,
      },
      { kind: "circle", x, y: 205, radius: 6, fill: "#7e7ec9" },
    ],
  };
}
