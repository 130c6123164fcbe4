/** Catch: a ball falls, a paddle waits below. The smallest game of pixels; after bsuite's. Osband et al. 2020, arXiv:1908.03568. */

import { OptionError } from "@dl/core";
import { Box } from "../spaces/box.ts";
import { Discrete } from "../spaces/discrete.ts";
import type { System } from "../system.ts";
import { drawGrid } from "./grid-drawing.ts";

export interface CatchOptions {
  /** Default 10. */
  rows?: number;
  /** Default 5. */
  columns?: number;
}

/**
 * Observation: a picture `[rows, columns, 1]` of zeros with a one for the ball and one for the paddle in the last row. Action: 0 left, 1 stay, 2 right.
 * Reward: 1 for the ball caught, −1 for the ball missed, at the end of an episode of rows − 1 steps.
 */
export function catchGame({ rows = 10, columns = 5 }: CatchOptions = {}): System<Float32Array, number> {
  if (!Number.isInteger(rows) || !Number.isInteger(columns) || rows < 3 || columns < 3) {
    throw new OptionError(`catchGame: expected whole numbers of rows and columns ≥ 3, got ${rows} and ${columns}.`);
  }
  return {
    name: "Catch",
    observationSpace: new Box({ shape: [rows, columns, 1], low: 0, high: 1 }),
    actionSpace: new Discrete(3),
    rewardRange: [-1, 1],
    stateSize: 3,
    // Ball's column, ball's row, paddle's column.
    start(state, at, rng) {
      state[at] = rng.integer(0, columns);
      state[at + 1] = 0;
      state[at + 2] = Math.floor(columns / 2);
    },
    advance(state, at, move) {
      state[at + 2] = Math.min(Math.max(state[at + 2]! + move.actions[move.actionAt]! - 1, 0), columns - 1);
      state[at + 1]!++;
      move.terminated = state[at + 1] === rows - 1;
      move.reward = move.terminated ? (state[at] === state[at + 2] ? 1 : -1) : 0;
    },
    observe(state, at, row, rowAt) {
      row.fill(0, rowAt, rowAt + rows * columns);
      row[rowAt + state[at + 1]! * columns + state[at]!] = 1;
      row[rowAt + (rows - 1) * columns + state[at + 2]!] = 1;
    },
    draw: (state, at) =>
      drawGrid({ rows, columns }, (row, column) => {
        if (row === state[at + 1] && column === state[at]) return { fill: "#d03030" };
        return { fill: row === rows - 1 && column === state[at + 2] ? "#2060b0" : "#ffffff" };
      }),
  };
}
