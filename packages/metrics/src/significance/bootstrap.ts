/** How much a score would move with other examples of the same kind. Efron 1979; Efron & Tibshirani 1993, chapters 13 and 14. */

import { DataError, OptionError, type Rng } from "@dl/core";
import { requireChoice } from "../numbers.ts";
import { drawRows } from "./draw-rows.ts";
import { normalCdf, normalQuantile } from "./normal.ts";

export interface BootstrapOptions {
  readonly rng: Rng;
  /** Default 1,000. */
  readonly resamples?: number;
  /** Share of the resampled scores that the interval holds. Default 0.95. */
  readonly confidence?: number;
  /** `percentile`, or `bca`: corrected for bias and skew, with n more scores (Efron 1987). Default `percentile`. */
  readonly method?: "percentile" | "bca";
}

export interface BootstrapInterval {
  /** The score of the examples as they are. */
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  /** Of the resampled scores. */
  readonly standardError: number;
}

/**
 * An interval for `score` over `count` examples, drawn again with replacement.
 *
 * @param count  How many examples there are.
 * @param score  The score of the examples with these numbers, from 0 to count − 1, some of them more than once.
 *
 * @example
 * const hits = [1, 1, 0, 1, 1, 0, 1, 1, 1, 1];
 * const mean = (rows: Int32Array) => rows.reduce((sum, row) => sum + hits[row]!, 0) / rows.length;
 * const { estimate, low, high } = bootstrapInterval(10, mean, { rng });
 * estimate; // 0.8
 */
export function bootstrapInterval(count: number, score: (rows: Int32Array) => number, options: BootstrapOptions): BootstrapInterval {
  const { rng, resamples = 1000, confidence = 0.95, method = "percentile" } = options;
  const where = "bootstrapInterval";
  requireChoice(where, "method", [method, ["percentile", "bca"]]);
  if (!Number.isInteger(count) || count < 2) throw new DataError(`${where}: expected at least 2 examples, got ${count}.`);
  if (!Number.isInteger(resamples) || resamples < 10) throw new OptionError(`${where}: expected at least 10 resamples, got ${resamples}.`);
  if (!(confidence > 0 && confidence < 1)) throw new OptionError(`${where}: expected a confidence between 0 and 1, got ${confidence}.`);
  const all = Int32Array.from({ length: count }, (_, i) => i);
  const estimate = finite(where, score(all));
  const scores = Float64Array.from({ length: resamples }, () => finite(where, score(drawRows(rng, count)))).sort();
  const mean = scores.reduce((a, b) => a + b) / resamples;
  const standardError = Math.sqrt(scores.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (resamples - 1));
  const tails = [(1 - confidence) / 2, (1 + confidence) / 2] as const;
  const [low, high] = method === "bca" ? tails.map(corrected(scores, estimate, all, score)) : tails;
  return { estimate, low: quantile(scores, low!), high: quantile(scores, high!), standardError };
}

/** Which percentile stands for a tail once bias and acceleration are taken into account. Efron 1987, equation 2.3. */
function corrected(scores: Float64Array, estimate: number, all: Int32Array, score: (rows: Int32Array) => number): (tail: number) => number {
  const below = scores.reduce((sum, value) => sum + (value < estimate ? 1 : value === estimate ? 0.5 : 0), 0);
  const share = Math.min(1 - 0.5 / scores.length, Math.max(0.5 / scores.length, below / scores.length));
  const bias = normalQuantile(share);
  const without = Float64Array.from(all, (left) => score(all.filter((row) => row !== left)));
  const mean = without.reduce((a, b) => a + b) / without.length;
  let [square, cube] = [0, 0];
  for (const value of without) {
    square += (mean - value) ** 2;
    cube += (mean - value) ** 3;
  }
  const acceleration = square === 0 ? 0 : cube / (6 * square ** 1.5);
  return (tail) => {
    const z = bias + normalQuantile(tail);
    return normalCdf(bias + z / (1 - acceleration * z));
  };
}

/** Between the order statistics, as numpy interpolates. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}

function finite(where: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw new DataError(
    `${where}: expected a finite score of every resample, got ${value}. A resample may miss a class: say what it counts then.`,
  );
}
