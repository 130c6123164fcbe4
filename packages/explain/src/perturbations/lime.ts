/** A linear model of the score near one example, over segments that are there or not. Ribeiro, Singh & Guestrin 2016, arXiv:1602.04938. */

import { type HostTensor, OptionError, type Rng } from "@dl/core";
import { coalitions, type SegmentOptions } from "./coalitions.ts";
import type { SegmentAttribution } from "./feature-ablation.ts";
import { solveLeastSquares } from "./least-squares.ts";

export interface LimeOptions extends SegmentOptions {
  readonly rng: Rng;
  /** Perturbed examples. Default 1,000. */
  readonly samples?: number;
  /** Examples count exp(−d² ÷ width²), d the cosine distance from the whole. Default 0.25. */
  readonly kernelWidth?: number;
  /** Ridge penalty. Default 1, as in the authors' code. */
  readonly ridge?: number;
}

/**
 * The slope of each segment. Random: the fewer samples, the more so.
 *
 * @param example  One example, without the batch axis: `[H, W, C]`.
 */
export async function lime(example: HostTensor, options: LimeOptions): Promise<SegmentAttribution> {
  const { rng, samples = 1000, kernelWidth = 0.25, ridge = 1 } = options;
  if (!Number.isInteger(samples) || samples < 2) throw new OptionError(`lime: expected at least 2 samples, got ${samples}.`);
  if (!(kernelWidth > 0) || !(ridge >= 0)) {
    throw new OptionError(`lime: expected a kernelWidth above 0 and a ridge of at least 0, got ${kernelWidth} and ${ridge}.`);
  }
  const game = await coalitions("lime", example, options);
  const { segmentCount } = game;
  const whole = new Uint8Array(segmentCount).fill(1);
  const draws = rng.bernoulli([samples, segmentCount], 0.5).data;
  const rows = [whole, new Uint8Array(segmentCount)];
  for (let sample = 0; sample < samples; sample++)
    rows.push(Uint8Array.from(draws.subarray(sample * segmentCount, (sample + 1) * segmentCount)));
  const scores = await game.score(rows);
  const weights = rows.map((row) => {
    const there = row.reduce((a, b) => a + b, 0);
    const distance = 1 - Math.sqrt(there / segmentCount); // cosine of a row of 0 and 1 with all ones
    return Math.exp(-(distance ** 2) / kernelWidth ** 2);
  });
  // Centred, so that the intercept is not penalised.
  const total = weights.reduce((a, b) => a + b);
  const mean = (of: (r: number) => number): number => rows.reduce((sum, _, r) => sum + weights[r]! * of(r), 0) / total;
  const means = Float64Array.from({ length: segmentCount }, (_, i) => mean((r) => rows[r]![i]!));
  const meanScore = mean((r) => scores[r]!);
  const values = solveLeastSquares("lime", {
    rows: rows.map((row) => Float64Array.from(row, (there, i) => there - means[i]!)),
    targets: scores.map((score) => score - meanScore),
    weights,
    ridge,
  });
  return { values, target: game.target, score: scores[0]!, baselineScore: scores[1]! };
}
