/** Losses of the tasks, as transformers defines them; labels of −100 count for nothing. */

import { formatShape, narrow, type Scalar, ShapeError, type Tensor } from "@dl/core";
import { crossEntropy } from "@dl/nn";

/** The label of positions that count for nothing. */
export const ignoredLabel = -100;

export interface TokenLossOptions {
  /** Share of each target given to all tokens alike. Default 0. */
  labelSmoothing?: number;
}

/**
 * The mean loss of one label a position: masked tokens, token classes, the tokens of a decoder.
 *
 * @param logits  `[B, T, classes]`
 * @param labels  `[B, T]` int32, or −100
 */
export function tokenLoss(logits: Tensor, labels: Tensor, { labelSmoothing = 0 }: TokenLossOptions = {}): Scalar {
  return crossEntropy(logits, labels, { ignoreIndex: ignoredLabel, labelSmoothing });
}

/**
 * The mean loss of each next token: logits at t are held against labels at t + 1.
 *
 * @param logits  `[B, T, vocabulary]`
 * @param labels  `[B, T]` int32: the ids themselves, −100 at padding
 */
export function causalLoss(logits: Tensor, labels: Tensor, options: TokenLossOptions = {}): Scalar {
  const time = labels.shape[1] ?? 0;
  if (labels.rank !== 2 || time < 2 || logits.rank !== 3 || logits.shape[1] !== time) {
    throw new ShapeError(
      `causalLoss: expected logits [B, T, V] and labels [B, T] with T ≥ 2, got ${formatShape(logits.shape)} and ${formatShape(labels.shape)}.`,
    );
  }
  const size = time - 1;
  return tokenLoss(narrow(logits, 1, { start: 0, size }), narrow(labels, 1, { start: 1, size }), options);
}

/**
 * The mean of the losses of the first and the last token of an answer. Devlin et al. 2018, section 4.2.
 *
 * @param logits  `start` and `end`, `[B, T]`
 * @param labels  `start` and `end`, `[B]` int32
 */
export function spanLoss(logits: { start: Tensor; end: Tensor }, labels: { start: Tensor; end: Tensor }): Scalar {
  return crossEntropy(logits.start, labels.start).add(crossEntropy(logits.end, labels.end)).div(2);
}
