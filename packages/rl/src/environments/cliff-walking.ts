/** CliffWalking: the short way runs along a cliff. Sutton and Barto, example 6.6; equal to Gymnasium's CliffWalking-v1. */

import type { TabularSystem, Transition } from "../system.ts";
import { drawGrid } from "./grid-drawing.ts";
import { tabular } from "./tabular.ts";

const rows = 4;
const columns = 12;
const start = 36;
const goal = 47;

export interface CliffWalkingOptions {
  /** Each step goes as it should or to either side, a third each. Default false. */
  slippery?: boolean;
  /** Default none, as in Gymnasium: an agent that never arrives walks for ever. */
  maxSteps?: number;
}

// Up, right, down, left.
const directions = [
  [-1, 0],
  [0, 1],
  [1, 0],
  [0, -1],
] as const;

/**
 * Observation: row · 12 + column. Action: 0 up, 1 right, 2 down, 3 left. Reward: −1 a step, −100 into the cliff, which leads back to the start.
 * Ends at the goal; the best return without slipping is −13.
 */
export function cliffWalking({ slippery = false, maxSteps }: CliffWalkingOptions = {}): TabularSystem {
  const move = (state: number, action: number): Omit<Transition, "probability"> => {
    const [down, right] = directions[action]!;
    const row = Math.min(Math.max(Math.floor(state / columns) + down, 0), rows - 1);
    const column = Math.min(Math.max((state % columns) + right, 0), columns - 1);
    const next = row * columns + column;
    return next > start && next < goal
      ? { state: start, reward: -100, terminated: false }
      : { state: next, reward: -1, terminated: next === goal };
  };
  return tabular({
    name: "CliffWalking-v1",
    states: rows * columns,
    actions: 4,
    rewardRange: [-100, -1],
    maxSteps,
    starts: [start],
    transitions(state, action) {
      const ways = slippery ? [(action + 3) % 4, action, (action + 1) % 4] : [action];
      return ways.map((way) => ({ probability: 1 / ways.length, ...move(state, way) }));
    },
    draw: (state) =>
      drawGrid({ rows, columns, player: [Math.floor(state / columns), state % columns] }, (row, column) => {
        const cell = row * columns + column;
        if (cell > start && cell < goal) return { fill: "#503a28" };
        if (cell === start) return { fill: "#cfe3c0", text: "S" };
        return cell === goal ? { fill: "#cfe3c0", text: "G" } : { fill: "#cfe3c0" };
      }),
  });
}
