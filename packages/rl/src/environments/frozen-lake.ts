/** FrozenLake: cross the ice to the goal without falling in. Equal to Gymnasium's FrozenLake-v1. */

import { OptionError, type Rng } from "@dl/core";
import type { TabularSystem, Transition } from "../system.ts";
import { drawGrid } from "./grid-drawing.ts";
import { tabular } from "./tabular.ts";

/** Rows of S start, F frozen, H hole and G goal. */
export const frozenLake4x4: readonly string[] = ["SFFF", "FHFH", "FFFH", "HFFG"];
export const frozenLake8x8: readonly string[] = [
  "SFFFFFFF",
  "FFFFFFFF",
  "FFFHFFFF",
  "FFFFFHFF",
  "FFFHFFFF",
  "FHHFFFHF",
  "FHFFHFHF",
  "FFFHFFFG",
];

export interface FrozenLakeOptions {
  /** Default `frozenLake4x4`. */
  map?: readonly string[];
  /** Whether a step may go to a side instead. Default true. */
  slippery?: boolean;
  /** How likely a step on ice goes where it should; the rest is shared by the two sides. Default 1/3. */
  successRate?: number;
  /** Rewards of goal, hole and ice. Default [1, 0, 0]. */
  rewards?: readonly [number, number, number];
  /** Default 100; Gymnasium has 200 on the large map. */
  maxSteps?: number;
}

// Left, down, right, up.
const directions = [
  [0, -1],
  [1, 0],
  [0, 1],
  [-1, 0],
] as const;

/**
 * Observation: row · columns + column. Action: 0 left, 1 down, 2 right, 3 up. Reward: 1 at the goal. Ends at the goal and in a hole.
 * The best possible mean return on the slippery 4 × 4 map is 0.74.
 */
export function frozenLake({
  map = frozenLake4x4,
  slippery = true,
  successRate = 1 / 3,
  rewards = [1, 0, 0],
  maxSteps = 100,
}: FrozenLakeOptions = {}): TabularSystem {
  const rows = map.length;
  const columns = map[0]?.length ?? 0;
  const letters = map.join("");
  if (letters.length !== rows * columns || !/^[SFHG]+$/.test(letters) || !letters.includes("S")) {
    throw new OptionError(`frozenLake: expected rows of one length of S, F, H and G with a start, got ${JSON.stringify(map)}.`);
  }
  const move = (state: number, action: number): Omit<Transition, "probability"> => {
    const [down, right] = directions[action]!;
    const row = Math.min(Math.max(Math.floor(state / columns) + down, 0), rows - 1);
    const column = Math.min(Math.max((state % columns) + right, 0), columns - 1);
    const letter = letters[row * columns + column]!;
    const reward = letter === "G" ? rewards[0] : letter === "H" ? rewards[1] : rewards[2];
    return { state: row * columns + column, reward, terminated: letter === "G" || letter === "H" };
  };
  return tabular({
    name: "FrozenLake-v1",
    states: letters.length,
    actions: 4,
    rewardRange: [Math.min(...rewards), Math.max(...rewards)],
    maxSteps,
    starts: [...letters].flatMap((letter, state) => (letter === "S" ? [state] : [])),
    transitions(state, action) {
      if ("GH".includes(letters[state]!)) return [{ probability: 1, state, reward: 0, terminated: true }];
      if (!slippery) return [{ probability: 1, ...move(state, action) }];
      const side = (1 - successRate) / 2;
      return [(action + 3) % 4, action, (action + 1) % 4].map((way) => ({
        probability: way === action ? successRate : side,
        ...move(state, way),
      }));
    },
    draw: (state) =>
      drawGrid({ rows, columns, player: [Math.floor(state / columns), state % columns] }, (row, column) => {
        const letter = letters[row * columns + column]!;
        if (letter === "H") return { fill: "#3a6ea5" };
        return letter === "F" ? { fill: "#e4f1fb" } : { fill: "#e4f1fb", text: letter };
      }),
  });
}

/** A random square map with a way from start to goal; each other cell is frozen with the given probability. Default 0.8. */
export function randomFrozenLake(rng: Rng, { size = 8, frozen = 0.8 }: { size?: number; frozen?: number } = {}): string[] {
  if (!Number.isInteger(size) || size < 2 || !(frozen > 0 && frozen <= 1)) {
    throw new OptionError(`randomFrozenLake: expected a whole size ≥ 2 and a probability above 0, got ${size} and ${frozen}.`);
  }
  for (;;) {
    const cells: string[] = Array.from(rng.bernoulli([size * size], frozen).data, (ice) => (ice === 1 ? "F" : "H"));
    cells[0] = "S";
    cells[size * size - 1] = "G";
    if (connected(cells, size)) return Array.from({ length: size }, (_, row) => cells.slice(row * size, (row + 1) * size).join(""));
  }
}

function connected(cells: readonly string[], size: number): boolean {
  const reached = new Set([0]);
  for (const cell of reached) {
    for (const [down, right] of directions) {
      const row = Math.floor(cell / size) + down;
      const column = (cell % size) + right;
      if (row >= 0 && row < size && column >= 0 && column < size && cells[row * size + column] !== "H") reached.add(row * size + column);
    }
  }
  return reached.has(size * size - 1);
}
