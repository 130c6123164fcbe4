/** The training on the landing page: which side of a line is a point on? */

import type { JobContract } from "../../engine/protocol.ts";

export type PointShape = "circle" | "moons" | "spiral";

/** Cells of the drawn field along each side. */
export const fieldSize = 48;
/** The field and the points lie in [−extent, extent]². */
export const extent = 1.25;

export interface CircleEvent {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  /** Share of the points on the right side. */
  readonly accuracy: number;
  /** Probability of class 1 in each cell, row by row from the top: `fieldSize²`. */
  readonly field: Float32Array;
}

export interface CircleContract extends JobContract {
  readonly settings: { readonly shape: PointShape; readonly seed: number };
  readonly payload: undefined;
  readonly event: CircleEvent;
  readonly asks: Record<never, never>;
}
