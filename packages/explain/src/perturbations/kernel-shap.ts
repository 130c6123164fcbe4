/** Shapley values of segments, by weighted least squares over coalitions. Lundberg & Lee 2017, arXiv:1705.07874, theorem 2. */

import { type HostTensor, OptionError, type Rng } from "@dl/core";
import { coalitions, type SegmentOptions } from "./coalitions.ts";
import type { SegmentAttribution } from "./feature-ablation.ts";
import { solveLeastSquares } from "./least-squares.ts";

export interface KernelShapOptions extends SegmentOptions {
  readonly rng: Rng;
  /** Coalitions to score; where all 2ⁿ − 2 are no more than this, they are taken, and the values are exact. Default 2,048. */
  readonly samples?: number;
}

/**
 * Each segment's fair share of score(whole) − score(baseline): the values add up to it, whatever was sampled.
 *
 * @param example  One example, without the batch axis: `[H, W, C]`.
 */
export async function kernelShap(example: HostTensor, options: KernelShapOptions): Promise<SegmentAttribution> {
  const { rng, samples = 2048 } = options;
  if (!Number.isInteger(samples) || samples < 2) throw new OptionError(`kernelShap: expected at least 2 samples, got ${samples}.`);
  const game = await coalitions("kernelShap", example, options);
  const { segmentCount: n } = game;
  const ends = await game.score([new Uint8Array(n).fill(1), new Uint8Array(n)]);
  const [score, baselineScore] = [ends[0]!, ends[1]!];
  const gain = score - baselineScore;
  const answer = (values: Float64Array): SegmentAttribution => ({ values, target: game.target, score, baselineScore });
  if (n === 1) return answer(Float64Array.of(gain));
  const { rows, weights } = n <= 30 && 2 ** n - 2 <= samples ? everyCoalition(n) : someCoalitions(n, { samples, rng });
  const scores = await game.score(rows);
  // The last value is what the others leave of the gain: additivity holds by construction.
  const others = solveLeastSquares("kernelShap", {
    rows: rows.map((row) => Float64Array.from({ length: n - 1 }, (_, i) => row[i]! - row[n - 1]!)),
    targets: scores.map((value, r) => value - baselineScore - rows[r]![n - 1]! * gain),
    weights,
    ridge: 0,
  });
  return answer(Float64Array.of(...others, gain - others.reduce((a, b) => a + b, 0)));
}

interface Weighted {
  readonly rows: Uint8Array[];
  readonly weights: number[];
}

/** All but the empty and the whole, with the Shapley kernel (n − 1) ÷ (C(n, k) k (n − k)). */
function everyCoalition(n: number): Weighted {
  const rows = Array.from({ length: 2 ** n - 2 }, (_, i) => Uint8Array.from({ length: n }, (_, bit) => ((i + 1) >> bit) & 1));
  const weights = rows.map((row) => {
    const k = row.reduce((a, b) => a + b, 0);
    let choose = 1;
    for (let i = 1; i <= k; i++) choose = (choose * (n - i + 1)) / i;
    return (n - 1) / (choose * k * (n - k));
  });
  return { rows, weights };
}

/** Sizes drawn by the kernel's weight of all coalitions of a size, each with its complement (Covert & Lee 2021), then all weigh the same. */
function someCoalitions(n: number, { samples, rng }: { samples: number; rng: Rng }): Weighted {
  const ofSize = Array.from({ length: n - 1 }, (_, i) => 1 / ((i + 1) * (n - i - 1)));
  const pairs = Math.ceil(samples / 2);
  const sizes = rng.categorical([pairs], ofSize).data;
  const rows: Uint8Array[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const row = new Uint8Array(n);
    for (const place of rng.permutation(n).subarray(0, sizes[pair]! + 1)) row[place] = 1;
    rows.push(
      row,
      row.map((there) => 1 - there),
    );
  }
  return { rows, weights: rows.map(() => 1) };
}
