/** Whether one system is better than another on the same examples. Koehn 2004, "Statistical significance tests for machine translation evaluation". */

import { DataError, OptionError, type Rng } from "@dl/core";
import { drawRows } from "./draw-rows.ts";

export interface PairedBootstrapOptions {
  readonly rng: Rng;
  /** Default 1,000. */
  readonly resamples?: number;
  /** Share of the resampled differences that the interval holds. Default 0.95. */
  readonly confidence?: number;
}

export interface PairedBootstrapResult {
  /** Score of the first less score of the second. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  /** Share of the resamples in which the first is better; ties count half. */
  readonly firstWins: number;
  /** Two-sided: how often a resampled difference, moved to a mean of 0, is at least as large. At least 1 ÷ (resamples + 1). */
  readonly pValue: number;
}

/**
 * Both systems are scored on the same resamples, so that what is hard for both cancels.
 *
 * @param count   How many examples there are.
 * @param scores  The two scores of the examples with these numbers, some of them more than once.
 *
 * @example
 * const [first, second] = [[1, 1, 1, 0, 1, 1, 1, 1], [0, 0, 1, 0, 1, 0, 0, 1]];
 * const mean = (hits: number[], rows: Int32Array) => rows.reduce((sum, row) => sum + hits[row]!, 0) / rows.length;
 * pairedBootstrap(8, (rows) => [mean(first, rows), mean(second, rows)], { rng }).difference; // 0.5
 */
export function pairedBootstrap(
  count: number,
  scores: (rows: Int32Array) => readonly [first: number, second: number],
  { rng, resamples = 1000, confidence = 0.95 }: PairedBootstrapOptions,
): PairedBootstrapResult {
  if (!Number.isInteger(count) || count < 2) throw new DataError(`pairedBootstrap: expected at least 2 examples, got ${count}.`);
  if (!Number.isInteger(resamples) || resamples < 10) {
    throw new OptionError(`pairedBootstrap: expected at least 10 resamples, got ${resamples}.`);
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw new OptionError(`pairedBootstrap: expected a confidence between 0 and 1, got ${confidence}.`);
  }
  const differenceOf = (rows: Int32Array): number => {
    const [first, second] = scores(rows);
    if (Number.isFinite(first - second)) return first - second;
    throw new DataError(`pairedBootstrap: expected finite scores of every resample, got ${first} and ${second}.`);
  };
  const difference = differenceOf(Int32Array.from({ length: count }, (_, i) => i));
  const differences = Float64Array.from({ length: resamples }, () => differenceOf(drawRows(rng, count))).sort();
  const mean = differences.reduce((a, b) => a + b) / resamples;
  const asLarge = differences.filter((value) => Math.abs(value - mean) >= Math.abs(difference)).length;
  const wins = differences.reduce((sum, value) => sum + (value > 0 ? 1 : value === 0 ? 0.5 : 0), 0);
  const at = (share: number): number => differences[Math.round(share * (resamples - 1))]!;
  return {
    difference,
    low: at((1 - confidence) / 2),
    high: at((1 + confidence) / 2),
    firstWins: wins / resamples,
    pValue: (asLarge + 1) / (resamples + 1),
  };
}
