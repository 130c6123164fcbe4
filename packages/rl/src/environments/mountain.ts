/** The valley that both mountain cars drive in. */

import type { Drawing } from "../drawing/drawing.ts";

/** Edges of the valley, and the fastest a car can be. */
export const lowest = -1.2;
export const highest = 0.6;
export const speedLimit = 0.07;

/** The car at `position` in its valley, and the flag at `goal`. */
export function drawMountain(position: number, goal: number): Drawing {
  const toX = (x: number): number => ((x - lowest) / (highest - lowest)) * 600;
  const toY = (x: number): number => 380 - (Math.sin(3 * x) * 0.45 + 0.55) * 330;
  const hill = Array.from({ length: 101 }, (_, i) => lowest + ((highest - lowest) * i) / 100).map((x) => [toX(x), toY(x)] as const);
  const flag = [toX(goal), toY(goal)] as const;
  return {
    width: 600,
    height: 400,
    background: "#ffffff",
    shapes: [
      { kind: "polygon", points: [...hill, [600, 400], [0, 400]], fill: "#d9e4d0" },
      { kind: "line", points: hill, stroke: "#404040", strokeWidth: 2 },
      { kind: "line", points: [flag, [flag[0], flag[1] - 50]], stroke: "#000000", strokeWidth: 2 },
      {
        kind: "polygon",
        points: [
          [flag[0], flag[1] - 50],
          [flag[0] + 25, flag[1] - 42],
          [flag[0], flag[1] - 34],
        ],
        fill: "#cccc00",
      },
      { kind: "circle", x: toX(position), y: toY(position) - 14, radius: 14, fill: "#2060b0" },
    ],
  };
}
