/** What models that read one text and write another have in common: their inputs, and the memory between the two halves. */

import type { Tensor } from "@dl/core";
import type { Mode } from "@dl/nn";
import type { ForwardOptions, TokenInput, Trace } from "./forward-pass.ts";
import type { CacheShape } from "./key-value-cache.ts";

/** Keys and values of the text read, `[B, H, S, D]` each; one pair a decoder layer. */
export type CrossKeys = readonly { readonly key: Tensor; readonly value: Tensor }[];

/** The text read; `embeddings` stand in the place of what the table has for the ids. */
export type SourceInput = Pick<TokenInput, "ids" | "mask" | "embeddings">;

export interface DecoderInput {
  /** `[B, T]` int32: what has been written so far. */
  readonly ids: Tensor;
  /** From `crossKeys`. */
  readonly cross: CrossKeys;
  /** `[B, S]` bool, true at real tokens of the text read. Default all. */
  readonly sourceMask?: Tensor | undefined;
  /** `[B, T]` bool, true at real tokens of the text written. Default all. */
  readonly mask?: Tensor | undefined;
}

/** The two halves of one pass in training. */
export interface EncoderDecoderInput {
  readonly source: SourceInput;
  /** What the decoder sees: the target shifted right, as `shiftRight` makes it. */
  readonly target: Pick<TokenInput, "ids" | "mask">;
}

export interface EncoderDecoderOptions extends Pick<ForwardOptions, "recompute"> {
  /** Of each half. Default: nothing is collected. */
  readonly traces?: { readonly encoder?: Trace; readonly decoder?: Trace } | undefined;
}

/** What `generate` needs of such a model. */
export interface SequenceToSequence {
  readonly cacheShape: CacheShape;
  /** The first token of every text written. */
  readonly startId: number;
  /** Ids `[B, S]` → vectors `[B, S, C]`. */
  encode(input: SourceInput, mode: Mode, options?: Pick<ForwardOptions, "trace" | "recompute">): Tensor;
  /** Keys and values of the vectors, computed once. */
  crossKeys(encoded: Tensor): CrossKeys;
  /** Logits `[B, T, vocabulary]` of the tokens that follow. */
  decode(input: DecoderInput, mode: Mode, options?: ForwardOptions): Tensor;
}

/**
 * Labels `[B, T]` as the decoder sees them: one place later, after `startId`; −100 becomes padding.
 *
 * @example
 * shiftRight(Int32Array.of(7, 8, 1, -100), { rows: 1, startId: 0, padId: 0 }); // [0, 7, 8, 1]
 */
export function shiftRight(labels: Int32Array, { rows, startId, padId }: { rows: number; startId: number; padId: number }): Int32Array {
  const time = labels.length / rows;
  return Int32Array.from(labels, (_, i) => {
    if (i % time === 0) return startId;
    const before = labels[i - 1]!;
    return before < 0 ? padId : before;
  });
}
