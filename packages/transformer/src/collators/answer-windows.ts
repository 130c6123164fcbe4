/** Long texts with a question, as windows that overlap, and where the answer stands in each. Rajpurkar et al. 2016; Devlin et al. 2018, section 4.2. */

import { DataError } from "@dl/core";

/**
 * One window, as `tokenizer.encode(question, { pair: text, truncation: { maximumLength, stride, strategy: "only-second" } })` and its
 * `overflowing` are: the question whole in each.
 */
export interface QuestionWindow {
  readonly ids: readonly number[];
  readonly typeIds: readonly number[];
  /** Where in its text each token stands. */
  readonly offsets: readonly (readonly [number, number])[];
  /** 0 for the question, 1 for the text, null for tokens added. */
  readonly sequenceIds: readonly (number | null)[];
}

/** Characters of the text, `[start, end)`. */
export interface AnswerSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * The first and the last token of the answer in a window; both 0, the first token of all, where the answer is not whole in it.
 *
 * @throws DataError for a span that is none.
 */
export function answerTokens({ offsets, sequenceIds }: QuestionWindow, { start, end }: AnswerSpan): { start: number; end: number } {
  if (!(Number.isInteger(start) && start >= 0 && end > start)) {
    throw new DataError(`answerTokens: expected characters [start, end) with 0 ≤ start < end, got [${start}, ${end}).`);
  }
  const isText = (at: number): boolean => sequenceIds[at] === 1;
  const first = offsets.findIndex(([from, to], at) => isText(at) && from <= start && start < to);
  const last = offsets.findIndex(([from, to], at) => isText(at) && from < end && end <= to);
  return first < 0 || last < first ? { start: 0, end: 0 } : { start: first, end: last };
}

export interface SpanLogits {
  readonly window: QuestionWindow;
  /** A score for each token to be the first, and to be the last. */
  readonly start: ArrayLike<number>;
  readonly end: ArrayLike<number>;
}

/**
 * The best answer of all windows of one text, as characters; undefined when no answer (the first token) scores higher.
 *
 * @param options.maximumTokens  Longest answer. Default 30.
 */
export function bestAnswer(
  windows: readonly SpanLogits[],
  { maximumTokens = 30 }: { maximumTokens?: number } = {},
): (AnswerSpan & { readonly score: number }) | undefined {
  let best: (AnswerSpan & { score: number }) | undefined;
  let none = Number.POSITIVE_INFINITY;
  for (const { window, start, end } of windows) {
    // A text without an answer has none in every window.
    none = Math.min(none, start[0]! + end[0]!);
    for (const [first, [from]] of window.offsets.entries()) {
      if (window.sequenceIds[first] !== 1) continue;
      for (let last = first; last < Math.min(first + maximumTokens, window.offsets.length) && window.sequenceIds[last] === 1; last++) {
        const score = start[first]! + end[last]!;
        if (best === undefined || score > best.score) best = { start: from, end: window.offsets[last]![1], score };
      }
    }
  }
  return best !== undefined && best.score > none ? best : undefined;
}
