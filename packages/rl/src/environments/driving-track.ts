/** A car on a winding track, which feels its way with rays and steers. */

import { OptionError, type Rng } from "@dl/core";
import type { Drawing } from "../drawing/drawing.ts";
import { Box } from "../spaces/box.ts";
import type { System } from "../system.ts";

const timeStep = 0.1; // s
const topSpeed = 20; // m/s
const acceleration = 5; // m/s²
const wheelbase = 2.5; // m
const steeringLimit = 0.5; // rad
const sight = 40; // m
const harmonics = [2, 3, 5] as const;

export interface DrivingTrackOptions {
  /** Width of the track in metres. Default 8. */
  width?: number;
  /** Rays, spread over ±90° from the nose. Default 7. */
  rays?: number;
  /** Default 500 steps of 0.1 s. */
  maxSteps?: number;
}

// A state: x, y, heading, speed, angle around the track travelled so far, then amplitude and phase of each harmonic.
const travelled = 4;
const shape = 5;

/**
 * A new closed track at every start: a circle of 50 m, bent by three waves. Observation: the distance to the edge along each ray over 40 m (0 to 1),
 * and the speed over 20 m/s. Action: steering (±1 is ±0.5 rad) and throttle (±1 is ±5 m/s²), both clipped.
 * Reward: metres of track gained, over 10; −5 for leaving the track, which ends the episode. A lap earns 31.
 */
export function drivingTrack({ width = 8, rays = 7, maxSteps = 500 }: DrivingTrackOptions = {}): System<Float32Array, Float32Array> {
  if (!(width >= 4 && width <= 15) || !Number.isInteger(rays) || rays < 3) {
    throw new OptionError(`drivingTrack: expected a width from 4 to 15 m and at least 3 rays, got ${width} and ${rays}.`);
  }
  const offset = (state: Float64Array, at: number, x: number, y: number): number =>
    Math.hypot(x, y) - radiusAt(state, at, Math.atan2(y, x));
  return {
    name: "DrivingTrack",
    observationSpace: new Box({ shape: [rays + 1], low: 0, high: 1 }),
    actionSpace: new Box({ shape: [2], low: -1, high: 1 }),
    rewardRange: [-5 - (topSpeed * timeStep * 1.5) / 10, (topSpeed * timeStep * 1.5) / 10],
    stateSize: shape + 2 * harmonics.length,
    maxSteps,
    start(state: Float64Array, at: number, rng: Rng): void {
      for (const [i, n] of harmonics.entries()) {
        // Higher waves are lower, so that no bend is too tight to drive.
        state[at + shape + 2 * i] = rng.float(0, 18 / n ** 1.6);
        state[at + shape + 2 * i + 1] = rng.float(0, 2 * Math.PI);
      }
      state[at] = radiusAt(state, at, 0);
      state[at + 1] = 0;
      const ahead = 0.01;
      const radius = radiusAt(state, at, ahead);
      state[at + 2] = Math.atan2(radius * Math.sin(ahead), radius * Math.cos(ahead) - state[at]!);
      state[at + 3] = 5;
      state[at + travelled] = 0;
    },
    advance(state, at, move) {
      const clip = (value: number): number => Math.min(Math.max(value, -1), 1);
      const steering = clip(move.actions[move.actionAt]!) * steeringLimit;
      const throttle = clip(move.actions[move.actionAt + 1]!) * acceleration;
      const speed = Math.min(Math.max(state[at + 3]! + throttle * timeStep, 0), topSpeed);
      const before = Math.atan2(state[at + 1]!, state[at]!);
      // The bicycle model: front wheels steer, rear wheels follow.
      const heading = state[at + 2]! + ((speed * Math.tan(steering)) / wheelbase) * timeStep;
      const x = state[at]! + speed * Math.cos(heading) * timeStep;
      const y = state[at + 1]! + speed * Math.sin(heading) * timeStep;
      let turned = Math.atan2(y, x) - before;
      if (turned > Math.PI) turned -= 2 * Math.PI;
      if (turned < -Math.PI) turned += 2 * Math.PI;
      state[at] = x;
      state[at + 1] = y;
      state[at + 2] = heading;
      state[at + 3] = speed;
      state[at + travelled]! += turned;
      move.terminated = Math.abs(offset(state, at, x, y)) > width / 2;
      const gained = Math.max(Math.min((turned * 50) / 10, 0.3), -0.3);
      move.reward = gained - (move.terminated ? 5 : 0);
    },
    observe(state, at, row, rowAt) {
      for (let i = 0; i < rays; i++) {
        const angle = state[at + 2]! + (i / (rays - 1) - 0.5) * Math.PI;
        row[rowAt + i] = rayLength(angle);
      }
      row[rowAt + rays] = state[at + 3]! / topSpeed;

      /** Marches half a metre at a time. */
      function rayLength(angle: number): number {
        for (let length = 0; length < sight; length += 0.5) {
          const x = state[at]! + length * Math.cos(angle);
          const y = state[at + 1]! + length * Math.sin(angle);
          if (Math.abs(offset(state, at, x, y)) > width / 2) return length / sight;
        }
        return 1;
      }
    },
    draw: (state, at) => drawTrack(state, at, width),
  };
}

/** Distance of the track's middle from the centre, in a direction. */
function radiusAt(state: Float64Array, at: number, angle: number): number {
  let radius = 50;
  for (const [i, n] of harmonics.entries())
    radius += state[at + shape + 2 * i]! * 0.5 * Math.sin(n * angle + state[at + shape + 2 * i + 1]!);
  return radius;
}

function drawTrack(state: Float64Array, at: number, width: number): Drawing {
  const toView = (x: number, y: number): readonly [number, number] => [200 + 2.6 * x, 200 - 2.6 * y];
  const ring = (out: number): (readonly [number, number])[] =>
    Array.from({ length: 121 }, (_, i) => (i * 2 * Math.PI) / 120).map((angle) => {
      const radius = radiusAt(state, at, angle) + out;
      return toView(radius * Math.cos(angle), radius * Math.sin(angle));
    });
  const [x, y, heading] = [state[at]!, state[at + 1]!, state[at + 2]!];
  const corner = (along: number, across: number): readonly [number, number] =>
    toView(x + along * Math.cos(heading) - across * Math.sin(heading), y + along * Math.sin(heading) + across * Math.cos(heading));
  return {
    width: 400,
    height: 400,
    background: "#6f9f5f",
    shapes: [
      { kind: "polygon", points: ring(width / 2), fill: "#707070" },
      { kind: "polygon", points: ring(-width / 2), fill: "#6f9f5f" },
      { kind: "polygon", points: [corner(3, 0), corner(-2, 1.8), corner(-2, -1.8)], fill: "#d03030" },
    ],
  };
}
