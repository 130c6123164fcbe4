/** Span corruption: runs of tokens are cut out, and are what the decoder is to write. Raffel et al. 2019, T5, arXiv:1910.10683, section 3.1.4. */

import { OptionError, type Rng } from "@dl/core";

export interface SpanOptions {
  /** Ids that stand for the first, the second … span: T5's `<extra_id_0>`, `<extra_id_1>` …. */
  sentinels: readonly number[];
  /** Ends both texts. */
  endId: number;
  /** Share of the tokens that are cut out. Default 0.15. */
  share?: number;
  /** Mean length of a span. Default 3. */
  meanLength?: number;
  rng: Rng;
}

/**
 * What is left with a sentinel for each span, and each sentinel with what it stands for.
 *
 * @throws OptionError for a text too short, or with more spans than sentinels.
 */
export function corruptSpans(
  ids: readonly number[],
  { sentinels, endId, share = 0.15, meanLength = 3, rng }: SpanOptions,
): { readonly source: number[]; readonly target: number[] } {
  if (ids.length < 2) throw new OptionError(`corruptSpans: expected at least 2 tokens, got ${ids.length}.`);
  const hidden = Math.min(ids.length - 1, Math.max(1, Math.round(ids.length * share)));
  const spans = Math.min(hidden, ids.length - hidden, Math.max(1, Math.round(hidden / meanLength)));
  if (spans > sentinels.length) {
    throw new OptionError(
      `corruptSpans: expected at most ${sentinels.length} spans, one a sentinel, got ${spans}. Cut the text into pieces.`,
    );
  }
  // Both kinds of runs alternate, beginning with one that is kept.
  const [kept, cut] = [partition(ids.length - hidden, spans, rng), partition(hidden, spans, rng)];
  const source: number[] = [];
  const target: number[] = [];
  let at = 0;
  for (const [i, length] of kept.entries()) {
    source.push(...ids.slice(at, at + length), sentinels[i]!);
    at += length;
    target.push(sentinels[i]!, ...ids.slice(at, at + cut[i]!));
    at += cut[i]!;
  }
  return { source: [...source, endId], target: [...target, endId] };
}

/** `total` as `parts` whole numbers ≥ 1, all ways alike. */
function partition(total: number, parts: number, rng: Rng): number[] {
  const cuts = Array.from(rng.permutation(total - 1).subarray(0, parts - 1), (place) => place + 1).sort((a, b) => a - b);
  return [...cuts, total].map((end, i) => end - (i === 0 ? 0 : cuts[i - 1]!));
}
