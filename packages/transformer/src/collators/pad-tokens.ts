/** Encoded texts of different lengths as one batch: filled up to the longest, no further. */

import { DataError, type HostTensor, hostTensor, OptionError } from "@dl/core";
import { ignoredLabel } from "../losses.ts";

/** What collators need of an encoded text: `Encoding` of @dl/data is such. */
export interface EncodedText {
  readonly ids: readonly number[];
  /** Which of two texts a token is of. Default 0. */
  readonly typeIds?: readonly number[];
  /** 0 for padding that the text has already, as some tokenizers' files ask for. Default 1 everywhere. */
  readonly attentionMask?: readonly number[];
  /** 1 for tokens added around the text. Default none. */
  readonly specialTokensMask?: readonly number[];
  /** Which word a token belongs to. Default each its own. */
  readonly wordIds?: readonly (number | null)[];
}

export interface PadOptions {
  padId: number;
  /** The length is rounded up to a multiple of this: fewer shapes. Default 1. */
  multipleOf?: number;
  /** No longer text is taken. Default: any. */
  maximum?: number;
}

/** Fields as `TokenInput` has them, `[B, T]` each. */
export interface TokenBatch extends Record<string, HostTensor> {
  readonly ids: HostTensor;
  /** Bool, true at tokens, false at padding. */
  readonly mask: HostTensor;
  readonly segments: HostTensor;
}

/**
 * @throws DataError for no texts, an empty one, or one longer than `maximum`; OptionError for options out of range.
 * @example
 * padTokens([{ ids: [5, 6, 7] }, { ids: [8] }], { padId: 0 }).ids.data; // [5, 6, 7, 8, 0, 0]
 */
export function padTokens(
  texts: readonly EncodedText[],
  { padId, multipleOf = 1, maximum = Number.POSITIVE_INFINITY }: PadOptions,
): TokenBatch {
  if (texts.length === 0) throw new DataError("padTokens: expected at least one text, got none.");
  if (!Number.isInteger(padId) || !Number.isInteger(multipleOf) || multipleOf < 1) {
    throw new OptionError(`padTokens: expected a padId and a whole multipleOf of at least 1, got ${padId} and ${multipleOf}.`);
  }
  for (const [row, { ids }] of texts.entries()) {
    if (ids.length === 0 || ids.length > maximum) {
      throw new DataError(`padTokens: expected texts of 1 to ${maximum} tokens, got ${ids.length} in text ${row}. Truncate when encoding.`);
    }
  }
  const longest = Math.max(...texts.map(({ ids }) => ids.length));
  const time = Math.min(maximum, Math.ceil(longest / multipleOf) * multipleOf);
  const shape = [texts.length, time];
  const field = (value: number, of: (text: EncodedText) => readonly number[]): HostTensor =>
    hostTensor(padRows(texts.map(of), { time, value }), shape);
  return {
    ids: field(padId, ({ ids }) => ids),
    mask: {
      data: Uint8Array.from(
        padRows(
          texts.map(({ ids, attentionMask }) => attentionMask ?? ids.map(() => 1)),
          { time, value: 0 },
        ),
      ),
      shape,
      dtype: "bool",
    },
    segments: field(0, ({ ids, typeIds }) => typeIds ?? ids.map(() => 0)),
  };
}

/** Labels of different lengths, `[B, T]` with −100 behind: what a decoder is to write, or the class of each token. */
export function padLabels(labels: readonly (readonly number[])[], { time }: { time?: number } = {}): HostTensor {
  const longest = time ?? Math.max(0, ...labels.map(({ length }) => length));
  if (labels.some(({ length }) => length > longest)) throw new DataError(`padLabels: expected at most ${longest} labels a row, got more.`);
  return hostTensor(padRows(labels, { time: longest, value: ignoredLabel }), [labels.length, longest]);
}

function padRows(rows: readonly (readonly number[])[], { time, value }: { time: number; value: number }): Int32Array {
  const data = new Int32Array(rows.length * time).fill(value);
  for (const [i, row] of rows.entries()) data.set(row, i * time);
  return data;
}

/** The vectors' length of both texts of one pair: what is read filled up, what is written shifted and as labels. */
export interface SequenceBatch extends Record<string, HostTensor> {
  readonly sourceIds: HostTensor;
  readonly sourceMask: HostTensor;
  /** `[B, T]`: the target one place later, after the start token. */
  readonly targetIds: HostTensor;
  /** `[B, T]`: the target, −100 behind it. */
  readonly labels: HostTensor;
}

/** Pairs of a text read and a text to be written, its end token included. */
export function padPairs(
  pairs: readonly { readonly source: EncodedText; readonly target: EncodedText }[],
  { padId, startId, multipleOf = 1 }: { padId: number; startId: number; multipleOf?: number },
): SequenceBatch {
  const source = padTokens(
    pairs.map((pair) => pair.source),
    { padId, multipleOf },
  );
  const target = padTokens(
    pairs.map((pair) => pair.target),
    { padId, multipleOf },
  );
  const [rows, time] = target.ids.shape as readonly [number, number];
  const labels = Int32Array.from(target.ids.data, (id, i) => (target.mask.data[i] ? id : ignoredLabel));
  const shifted = Int32Array.from(target.ids.data, (_, i) => (i % time === 0 ? startId : target.ids.data[i - 1]!));
  const shape = [rows, time];
  return { sourceIds: source.ids, sourceMask: source.mask, targetIds: hostTensor(shifted, shape), labels: hostTensor(labels, shape) };
}
