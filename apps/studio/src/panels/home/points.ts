/** Points of two classes in the plane. */

import { type HostTensor, hostTensor, type Rng } from "@dl/core";
import type { PointShape } from "./contract.ts";

export interface LabelledPoints {
  /** `[N, 2]` in [−1.25, 1.25] */
  readonly points: HostTensor;
  /** `[N]` of 0 and 1 */
  readonly labels: HostTensor;
}

export function pointsOf(shape: PointShape, { count, rng }: { count: number; rng: Rng }): LabelledPoints {
  const uniform = rng.fork("points").uniform([count, 2]).data;
  const noise = rng.fork("noise").normal([count, 2], 0, 0.06).data;
  const points = new Float32Array(2 * count);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 2);
  for (let i = 0; i < count; i++) {
    const [x, y, label] = place(shape, { u: uniform[2 * i]!, v: uniform[2 * i + 1]!, side: labels[i]! });
    labels[i] = label;
    points[2 * i] = x + (shape === "circle" ? 0 : noise[2 * i]!);
    points[2 * i + 1] = y + (shape === "circle" ? 0 : noise[2 * i + 1]!);
  }
  return { points: hostTensor(points, [count, 2]), labels: hostTensor(labels, [count]) };
}

/** A point of a shape from two numbers in [0, 1): x, y and its class. */
function place(shape: PointShape, { u, v, side }: { u: number; v: number; side: number }): readonly [number, number, number] {
  switch (shape) {
    case "circle": {
      const [x, y] = [2.4 * u - 1.2, 2.4 * v - 1.2];
      return [x, y, Math.hypot(x, y) < 0.8 ? 1 : 0];
    }
    case "moons": {
      const angle = Math.PI * u;
      return side === 0
        ? [0.75 * Math.cos(angle) - 0.32, 0.75 * Math.sin(angle) - 0.2, 0]
        : [0.32 - 0.75 * Math.cos(angle), 0.2 - 0.75 * Math.sin(angle), 1];
    }
    case "spiral": {
      const radius = 0.1 + 0.95 * Math.sqrt(u);
      const angle = 5.6 * radius + Math.PI * side;
      return [radius * Math.cos(angle), radius * Math.sin(angle), side];
    }
    default:
      return shape satisfies never;
  }
}
