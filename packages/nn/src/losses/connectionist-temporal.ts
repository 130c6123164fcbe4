/** Connectionist temporal classification: sequences without alignment. Graves et al. 2006, section 4. */

import {
  concat,
  equal,
  expandDims,
  fill,
  formatShape,
  greater,
  less,
  logicalAnd,
  logSoftmax,
  logSumExp,
  maximum,
  mean,
  notEqual,
  OptionError,
  range,
  repeat,
  ShapeError,
  stack,
  sum,
  type Tensor,
  takeAlong,
  unstack,
  where,
} from "@dl/core";
import { checkReduction, type LossOptions, type Reduced, type Reduction } from "./reduction.ts";

export interface ConnectionistTemporalOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** Steps of each sequence, `[B]` int32; the rest of the logits is padding. */
  inputLengths: Tensor;
  /** Labels of each target, `[B]` int32; the rest of the targets is padding. */
  targetLengths: Tensor;
  /** The class that stands for no label. Default 0. */
  blank?: number;
}

// Stands for ln 0: the slopes of a true −∞ would be NaN.
const impossible = -1e30;

/**
 * −ln of the probability of all alignments that spell the target. A target that does not fit gives ∞.
 * The mean divides each loss by the length of its target first, as in PyTorch.
 *
 * @param logits   `[B, T, classes]`
 * @param targets  `[B, L]` int32, without blanks; padding may be any class
 * @throws ShapeError, OptionError for shapes that do not fit, without a step or room for a label, and for a blank that is no class.
 */
export function connectionistTemporal<R extends Reduction = "mean">(
  logits: Tensor,
  targets: Tensor,
  { inputLengths, targetLengths, blank = 0, reduction = "mean" as R }: ConnectionistTemporalOptions<R>,
): Reduced<R> {
  check(logits, targets, { inputLengths, targetLengths, blank, reduction });
  // B batch, T time, L labels, S = 2L + 1 states: blanks around and between the labels
  const [batch, time] = logits.shape as readonly [number, number, number];
  const states = 2 * targets.shape[1]! + 1;
  const blanks = fill(targets.shape, blank, { dtype: "int32" });
  const last = fill([batch, 1], blank, { dtype: "int32" });
  const labels = concat([stack([blanks, targets], { axis: 2 }).reshape([batch, states - 1]), last], { axis: 1 }); // [B, S]

  // From two states back: only between different labels, not past a label to a blank.
  const before = concat([fill([batch, 2], blank, { dtype: "int32" }), labels.slice([0, 0], [batch, states - 2])], { axis: 1 });
  const maySkip = logicalAnd(notEqual(labels, blank), notEqual(labels, before)); // [B, S]

  const indices = repeat(expandDims(labels, 1), time, { axis: 1 }); // [B, T, S]
  const emissions = unstack(takeAlong(logSoftmax(logits), indices, { axis: 2 }), { axis: 1 }); // T × [B, S]
  const never = fill([], impossible, { dtype: logits.dtype });
  const shift = (x: Tensor, by: number): Tensor =>
    concat([fill([batch, by], impossible, { dtype: logits.dtype }), x.slice([0, 0], [batch, states - by])], { axis: 1 });

  // Equation 6: ln α(1, s), and equation 7 from step to step.
  let forward = where(less(range(states), 2), emissions[0]!, never); // [B, S]
  // Of no step at all, the empty target alone is spelt, and surely.
  const unread = where(equal(range(states), 0), fill([], 0, { dtype: logits.dtype }), never);
  forward = where(expandDims(greater(inputLengths, 0), 1), forward, unread);
  for (let t = 1; t < time; t++) {
    const ways = stack([forward, shift(forward, 1), where(maySkip, shift(forward, 2), never)], { axis: 2 }); // [B, S, 3]
    const next = maximum(logSumExp(ways, 2).add(emissions[t]!), impossible);
    forward = where(expandDims(greater(inputLengths, t), 1), next, forward);
  }

  // Equation 8: the target ends in its last label or in the blank after it.
  const end = expandDims(targetLengths.mul(2), 1); // [B, 1]
  const place = range(states);
  const ends = where(equal(place, end), forward, where(equal(place, end.sub(1)), forward, never)); // [B, S]
  const found = logSumExp(ends, 1).neg(); // [B]
  const losses = where(greater(found, -impossible / 10), fill([], Infinity, { dtype: logits.dtype }), found);
  if (reduction === "none") return losses as Reduced<R>;
  if (reduction === "sum") return sum(losses) as Reduced<R>;
  return mean(losses.div(maximum(targetLengths, 1).cast(logits.dtype))) as Reduced<R>;
}

function check(
  logits: Tensor,
  targets: Tensor,
  { inputLengths, targetLengths, blank, reduction }: Required<ConnectionistTemporalOptions>,
): void {
  checkReduction(reduction);
  const [batch, time, classes] = logits.shape;
  const perSequence = [inputLengths, targetLengths].every(({ rank, shape }) => rank === 1 && shape[0] === batch);
  if (logits.rank !== 3 || time === 0 || targets.rank !== 2 || targets.shape[0] !== batch || targets.shape[1] === 0 || !perSequence) {
    const got = [logits, targets, inputLengths, targetLengths].map(({ shape }) => formatShape(shape)).join(", ");
    throw new ShapeError(
      `connectionistTemporal: expected logits [B, T, classes], targets [B, L] and both lengths [B], with T and L ≥ 1, got ${got}. A target without labels has a length of 0.`,
    );
  }
  if (!Number.isInteger(blank) || blank < 0 || blank >= classes!) {
    throw new OptionError(`connectionistTemporal: expected a blank from 0 to ${classes! - 1}, got ${blank}.`);
  }
}
