/** A Breakout of ten by ten cells. After MinAtar's: Young and Tian 2019, arXiv:1903.03176. */

import { Box } from "../spaces/box.ts";
import { Discrete } from "../spaces/discrete.ts";
import type { System } from "../system.ts";
import { drawGrid } from "./grid-drawing.ts";

const side = 10;
// A state: ball row, ball column, its vertical and horizontal way, paddle column, the cell the ball left, then 30 bricks.
const paddle = 4;
const trailRow = 5;
const trailColumn = 6;
const bricks = 7;

/**
 * Observation: `[10, 10, 4]`, planes of zeros and ones for paddle, ball, where the ball was, and bricks. Action: 0 stay, 1 left, 2 right.
 * Reward: 1 a brick; a wall that is gone is built anew. Ends when the ball passes the paddle; at most 1000 steps.
 */
export function brickGame(): System<Float32Array, number> {
  return {
    name: "BrickGame",
    observationSpace: new Box({ shape: [side, side, 4], low: 0, high: 1 }),
    actionSpace: new Discrete(3),
    rewardRange: [0, 1],
    stateSize: bricks + 30,
    maxSteps: 1000,
    start(state, at, rng) {
      const left = rng.integer(0, 2) === 0;
      state.set([3, left ? 0 : side - 1, 1, left ? 1 : -1, 4, 3, left ? 0 : side - 1], at);
      state.fill(1, at + bricks, at + bricks + 30);
    },
    advance(state, at, move) {
      const action = move.actions[move.actionAt]!;
      state[at + paddle] = Math.min(Math.max(state[at + paddle]! + (action === 1 ? -1 : action === 2 ? 1 : 0), 0), side - 1);
      const row = state[at]!;
      const column = state[at + 1]!;
      let down = state[at + 2]!;
      let right = state[at + 3]!;
      let nextRow = row + down;
      let nextColumn = column + right;
      state[at + trailRow] = row;
      state[at + trailColumn] = column;
      move.reward = 0;
      move.terminated = false;
      if (nextColumn < 0 || nextColumn >= side) {
        right = -right;
        nextColumn = column + right;
      }
      const brick = nextRow >= 1 && nextRow <= 3 ? at + bricks + (nextRow - 1) * side + nextColumn : -1;
      if (nextRow < 0) {
        down = 1;
        nextRow = row + down;
      } else if (brick >= 0 && state[brick] === 1) {
        state[brick] = 0;
        move.reward = 1;
        // Off a brick the ball goes back the way it came.
        down = -down;
        nextRow = row;
      } else if (nextRow === side - 1) {
        if (!state.subarray(at + bricks, at + bricks + 30).includes(1)) state.fill(1, at + bricks, at + bricks + 30);
        if (state[at + paddle] === column) {
          down = -1;
          nextRow = row;
        } else if (state[at + paddle] === nextColumn) {
          down = -1;
          right = -right;
          nextRow = row;
        } else move.terminated = true;
      }
      state[at] = nextRow;
      state[at + 1] = nextColumn;
      state[at + 2] = down;
      state[at + 3] = right;
    },
    observe(state, at, row, rowAt) {
      row.fill(0, rowAt, rowAt + side * side * 4);
      const set = (y: number, x: number, plane: number): void => {
        row[rowAt + (y * side + x) * 4 + plane] = 1;
      };
      set(side - 1, state[at + paddle]!, 0);
      set(state[at]!, state[at + 1]!, 1);
      set(state[at + trailRow]!, state[at + trailColumn]!, 2);
      for (let i = 0; i < 30; i++) if (state[at + bricks + i] === 1) set(1 + Math.floor(i / side), i % side, 3);
    },
    draw: (state, at) =>
      drawGrid({ rows: side, columns: side }, (row, column) => {
        if (row === state[at] && column === state[at + 1]) return { fill: "#ffffff" };
        if (row === side - 1 && column === state[at + paddle]) return { fill: "#2060b0" };
        const brick = row >= 1 && row <= 3 && state[at + bricks + (row - 1) * side + column] === 1;
        return { fill: brick ? "#d07030" : "#181818" };
      }),
  };
}
