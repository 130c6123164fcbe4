/** Encodings of one length as arrays a model takes. */

import { DataError, type HostTensor } from "@dl/core";
import type { Encoding } from "./encoding.ts";

/** Int32 `[B, T]` each. */
export interface TokenBatch extends Record<string, HostTensor> {
  readonly inputIds: HostTensor;
  /** 1 for a token, 0 for padding. */
  readonly attentionMask: HostTensor;
  /** 0 for the first text, 1 for the second of a pair. */
  readonly tokenTypeIds: HostTensor;
}

/**
 * `encodings`, padded to one length before, as a batch.
 *
 * @throws DataError if their lengths differ.
 * @example no-run
 * const padding = { id: tokenizer.tokenToId("[PAD]")!, token: "[PAD]" };
 * const batch = tokenBatch(tokenizer.encodeBatch(["a", "a longer text"], { padding }));
 */
export function tokenBatch(encodings: readonly Encoding[]): TokenBatch {
  const length = encodings[0]?.ids.length ?? 0;
  for (const [i, { ids }] of encodings.entries()) {
    if (ids.length !== length) {
      throw new DataError(
        `tokenBatch: expected encodings of one length, ${length} as the first, got ${ids.length} tokens in encoding ${i}. Give encodeBatch a padding.`,
      );
    }
  }
  const column = (list: "ids" | "attentionMask" | "typeIds"): HostTensor => ({
    shape: [encodings.length, length],
    dtype: "int32",
    data: Int32Array.from(encodings.flatMap((encoding) => encoding[list])),
  });
  return { inputIds: column("ids"), attentionMask: column("attentionMask"), tokenTypeIds: column("typeIds") };
}
