/** Encoded texts as examples of different lengths, and how batches are made of them: similar lengths together, filled up to the longest. */

import { DataError, type HostTensor, hostTensor } from "@dl/core";
import { type Collate, type Dataset, type Example, lengthOrder, type Order, padFields } from "@dl/data";
import { type EncodedText, ignoredLabel } from "@dl/transformer";

/** Ids int32 `[T]`, a mask bool `[T]`, true at tokens, segments int32 `[T]`, and labels: `[]` one of the text, `[T]` one a token. */
export type TextExample = Example<"ids" | "mask" | "segments" | "labels">;

/** What `fit` and `evaluate` take together. */
export interface TextBatches {
  readonly dataset: Dataset<TextExample>;
  readonly collate: Collate<TextExample>;
  readonly order: Order;
}

/** One text and its label, or the labels of its tokens. */
export function textExample({ ids, typeIds }: EncodedText, labels: number | readonly number[]): TextExample {
  if (typeof labels !== "number" && labels.length !== ids.length) {
    throw new DataError(`textExample: expected a label for each of ${ids.length} tokens, got ${labels.length}.`);
  }
  const field = (values: readonly number[]): HostTensor => hostTensor(Int32Array.from(values), [values.length]);
  return {
    ids: field(ids),
    mask: { data: new Uint8Array(ids.length).fill(1), shape: [ids.length], dtype: "bool" },
    segments: field(typeIds ?? ids.map(() => 0)),
    labels: typeof labels === "number" ? hostTensor(Int32Array.of(labels), []) : field(labels),
  };
}

/** Examples in their order; batches of training are drawn by `order`. */
export function paddedTexts(examples: readonly TextExample[], { padId }: { padId: number }): TextBatches {
  const first = examples[0];
  if (first === undefined) throw new DataError("paddedTexts: expected at least one text, got none.");
  const padded: Record<string, number> = { ids: padId, mask: 0, segments: 0 };
  if (first.labels.shape.length > 0) padded.labels = ignoredLabel;
  return {
    dataset: { length: examples.length, get: (index) => examples[index]! },
    collate: padFields(padded, { multipleOf: 4 }),
    order: lengthOrder(examples.map(({ ids }) => ids.data.length)),
  };
}

/** For measuring: the same examples, the shortest first, so that little is padding. */
export function byLength(examples: readonly TextExample[]): TextExample[] {
  return [...examples].sort((a, b) => a.ids.data.length - b.ids.data.length);
}
