/** How much the score falls when one segment is taken away. */

import type { HostTensor } from "@dl/core";
import { coalitions, type SegmentOptions } from "./coalitions.ts";

/** What a method over segments answers. */
export interface SegmentAttribution {
  /** One number a segment. */
  readonly values: Float64Array;
  /** The class that was explained. */
  readonly target: number;
  /** Its score for the whole example, and for the baseline alone. */
  readonly score: number;
  readonly baselineScore: number;
}

/**
 * score(whole) − score(whole without the segment), for every segment.
 *
 * @param example  One example, without the batch axis: `[H, W, C]`.
 */
export async function featureAblation(example: HostTensor, options: SegmentOptions): Promise<SegmentAttribution> {
  const game = await coalitions("featureAblation", example, options);
  const without = Array.from({ length: game.segmentCount }, (_, i) => new Uint8Array(game.segmentCount).fill(1).fill(0, i, i + 1));
  const all = new Uint8Array(game.segmentCount);
  const [score, baselineScore, ...rest] = await game.score([all.slice().fill(1), all, ...without]);
  return { values: Float64Array.from(rest, (value) => score! - value), target: game.target, score: score!, baselineScore: baselineScore! };
}
