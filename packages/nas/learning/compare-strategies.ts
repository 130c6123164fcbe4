/** Strategies on the tabular benchmark: what each finds with the same epochs, over many seeds. A search takes milliseconds, for nothing is trained. */

import { cpu } from "@dl/backend-cpu";
import { type Device, openDevice, Rng } from "@dl/core";
import {
  asha,
  bayesianOptimization,
  geneticAlgorithm,
  hyperband,
  localSearch,
  policyGradient,
  randomSearch,
  regularizedEvolution,
  type Strategy,
  search,
  treeParzenEstimator,
} from "../src/index.ts";
import { type DigitCell, digitCells } from "./table/digit-cells.ts";
import { type CellTable, fullBudget, scoreAt } from "./table/read-table.ts";

export interface Curve {
  /** Epochs spent so far, at each trial that was run. */
  readonly epochs: readonly number[];
  /** The best score at the full budget so far, minus that of the table's best cell: ≥ 0. */
  readonly regret: readonly number[];
  /** The test accuracy of the cell that had the best score in the end. */
  readonly test: number;
}

interface Contestant {
  readonly name: string;
  make(rng: Rng, device: Device): Strategy<DigitCell>;
}

/** From one epoch of one seed to nine epochs of all three. */
const budgets = [1, 27] as const;
/** As they come, but for sizes that fit a hundred trials: a quarter of them to begin with. */
export const contestants: readonly Contestant[] = [
  { name: "random search", make: (rng) => randomSearch(digitCells, { rng }) },
  { name: "regularised evolution", make: (rng) => regularizedEvolution(digitCells, { population: 20, sampleSize: 5, rng }) },
  { name: "genetic algorithm", make: (rng) => geneticAlgorithm(digitCells, { population: 20, rng }) },
  { name: "local search", make: (rng) => localSearch(digitCells, { rng }) },
  { name: "TPE", make: (rng) => treeParzenEstimator(digitCells, { rng }) },
  { name: "Bayesian optimisation", make: (rng) => bayesianOptimization(digitCells, { rng }) },
  {
    name: "RL controller",
    make: (rng, device) => policyGradient(digitCells, { device, size: 16, learningRate: 0.03, rng }),
  },
  { name: "Hyperband", make: (rng) => hyperband(digitCells, { budgets, rounds: 1000, rng }) },
  { name: "ASHA", make: (rng) => asha(digitCells, { budgets, rng }) },
];

/** One search, until it has spent `epochs`. */
export async function runCurve(
  { make }: Contestant,
  { table, seed, epochs, device }: { table: CellTable; seed: number; epochs: number; device: Device },
): Promise<Curve> {
  const cells = new Map(table.cells.map((cell) => [cell.key, cell]));
  const most = fullBudget(table);
  const top = Math.max(...table.cells.map((cell) => scoreAt(table, cell, most)));
  const strategy = make(new Rng(seed), device);
  const spent: number[] = [];
  const regret: number[] = [];
  const budgetOf = new Map<number, number>();
  let [cost, best, test] = [0, Number.NEGATIVE_INFINITY, 0];
  try {
    await search(digitCells, {
      strategy,
      evaluate: ({ value, budget = most }) => {
        const cell = cells.get(digitCells.canonical(value));
        if (!cell) throw new Error(`runCurve: expected the table to hold ${digitCells.canonical(value)}, got no such cell.`);
        return { accuracy: scoreAt(table, cell, budget) };
      },
      objectives: { accuracy: "maximize" },
      // Trials without a budget cost one unit each in the engine: here they cost all the epochs.
      limits: strategyHasBudgets(strategy) ? { budget: epochs } : { trials: Math.floor(epochs / most) },
      onTrial({ number, candidate, budget = most, from, scores, remembered }) {
        budgetOf.set(number, budget);
        if (!remembered) cost += budget - (from === undefined ? 0 : budgetOf.get(from)!);
        if (budget === most && scores![0]! > best) {
          best = scores![0]!;
          const found = cells.get(candidate.key)!.test;
          test = found.reduce((a, b) => a + b, 0) / found.length;
        }
        spent.push(cost);
        regret.push(top - best);
      },
    });
  } finally {
    (strategy as Partial<Disposable>)[Symbol.dispose]?.();
  }
  return { epochs: spent, regret, test };
}

const strategyHasBudgets = ({ name }: Strategy<DigitCell>): boolean => name === "Hyperband" || name === "ASHA";

/** The regret when `epochs` were spent; `Infinity` before the first trial at the full budget. */
export function regretAt({ epochs, regret }: Curve, spent: number): number {
  const place = epochs.findLastIndex((sum) => sum <= spent);
  return place < 0 ? Number.POSITIVE_INFINITY : regret[place]!;
}

/** Every contestant with every seed. */
export async function compareStrategies(
  table: CellTable,
  { seeds, epochs }: { seeds: number; epochs: number },
): Promise<Map<string, readonly Curve[]>> {
  await using device = await openDevice(cpu());
  const all = new Map<string, readonly Curve[]>();
  for (const contestant of contestants) {
    const curves: Curve[] = [];
    for (let seed = 1; seed <= seeds; seed++) curves.push(await runCurve(contestant, { table, seed, epochs, device }));
    all.set(contestant.name, curves);
  }
  return all;
}
