/** The ground a walker walks on: gentle hills, or stumps, pits and stairs between them. After Gymnasium's BipedalWalker-v3. */

import type { Rng } from "@dl/core";

export const terrainStep: number = 14 / 30;
export const terrainLength = 200;
/** Height of the start, and what the hills come back to. */
export const terrainHeight: number = 400 / 30 / 4;
/** Flat steps at the start. */
export const startPad = 20;
/** Steps of grass at the end, and the most between two obstacles. */
export const grassLength = 10;

type Point = readonly [number, number];

export interface Terrain {
  /** The surface, from left to right. */
  readonly line: readonly Point[];
  /** What stands on it or lies beside it; four corners each. */
  readonly obstacles: readonly (readonly Point[])[];
}

interface Obstacle {
  readonly corners: readonly (readonly Point[])[];
  /** Steps it takes. */
  readonly length: number;
  /** Height of the surface `left` steps before its end. */
  readonly height: (left: number) => number;
}

export function makeTerrain(rng: Rng, { hardcore }: { hardcore: boolean }): Terrain {
  const line: Point[] = [];
  const obstacles: (readonly Point[])[] = [];
  let y = terrainHeight;
  let velocity = 0;
  /** Undefined on grass. */
  let obstacle: Obstacle | undefined;
  let left = startPad;
  let next: "nothing new" | "grass" | "obstacle" = "nothing new";
  for (let i = 0; i < terrainLength; i++) {
    const x = i * terrainStep;
    if (next === "obstacle") {
      obstacle = [stump, stairs, pit][rng.integer(0, 3)]!(rng, [x, y]);
      obstacles.push(...obstacle.corners);
      left = obstacle.length;
    } else if (next === "grass") {
      obstacle = undefined;
    } else if (obstacle) {
      y = obstacle.height(left);
    } else {
      velocity = 0.8 * velocity + 0.01 * Math.sign(terrainHeight - y);
      if (i > startPad) velocity += rng.float(-1, 1) / 30;
      y += velocity;
    }
    line.push([x, y]);
    // The first step of anything new is level.
    next = "nothing new";
    if (--left > 0) continue;
    left = rng.integer(grassLength / 2, grassLength);
    next = hardcore && obstacle === undefined ? "obstacle" : "grass";
  }
  return { line, obstacles };
}

function block([x, y]: Point, width: number, height: number): readonly Point[] {
  return [
    [x, y],
    [x + width, y],
    [x + width, y + height],
    [x, y + height],
  ];
}

/** A cube of one or two steps; the surface runs on below it. */
function stump(rng: Rng, corner: Point): Obstacle {
  const size = rng.integer(1, 3);
  return { corners: [block(corner, size * terrainStep, size * terrainStep)], length: size, height: () => corner[1] };
}

/** A hole of three or four steps between two walls. */
function pit(rng: Rng, [x, y]: Point): Obstacle {
  const width = rng.integer(3, 5);
  const wall = (at: number): readonly Point[] => block([x + at * terrainStep, y], terrainStep, -4 * terrainStep);
  return {
    corners: [wall(0), wall(width)],
    length: width + 2,
    height: (left) => (left > 1 ? y - 4 * terrainStep : y),
  };
}

/** Three or four steps up or down, four wide. */
function stairs(rng: Rng, [x, y]: Point): Obstacle {
  const rise = rng.float() > 0.5 ? 1 : -1;
  const width = 4;
  const count = rng.integer(3, 5);
  const corners = Array.from({ length: count }, (_, i) =>
    block([x + i * width * terrainStep, y + i * rise * terrainStep], width * terrainStep, -terrainStep),
  );
  return {
    corners,
    length: count * width,
    height: (left) => y + ((count * width - left - rise) / width) * rise * terrainStep,
  };
}
