/** Which answer is to be explained. */

import { argmax, expandDims, type HostTensor, OptionError, ShapeError, squeeze, type Tensor, takeAlong, tensor } from "@dl/core";

/** A model from images (or anything in rows) `[B, …]` to scores `[B, classes]`: `(x) => model.forward(x, inference)`. */
export type Forward = (inputs: Tensor) => Tensor;

export interface TargetOptions {
  /** The class whose score is explained: one for all, or one an example. Default: each example's best-scored. */
  readonly target?: number | ArrayLike<number> | HostTensor;
}

/** Targets, or classes that were chosen before, int32 `[B]`. */
export interface ChosenTarget extends TargetOptions {
  readonly chosen?: Tensor;
}

/** The scores `[B]` of the targets. */
export function targetScores(where: string, scores: Tensor, { target, chosen }: ChosenTarget): Tensor {
  if (scores.rank !== 2) {
    throw new ShapeError(`${where}: expected scores [B, classes] of the model, got [${scores.shape.join(", ")}]. Return its logits.`);
  }
  const [count, classes] = scores.shape as readonly [number, number];
  if (chosen !== undefined) return pick(scores, chosen);
  if (target === undefined) return pick(scores, argmax(scores, -1));
  // As they are: an Int32Array would take NaN for class 0.
  const given =
    typeof target === "number" ? Array<number>(count).fill(target) : Array.from<number>("shape" in target ? target.data : target);
  if (given.length !== count) throw new ShapeError(`${where}: expected a target for each of ${count} examples, got ${given.length}.`);
  const wrong = given.find((index) => !Number.isInteger(index) || index < 0 || index >= classes);
  if (wrong !== undefined) throw new OptionError(`${where}: expected targets from 0 to ${classes - 1}, got ${wrong}.`);
  return pick(scores, tensor(Int32Array.from(given)));
}

function pick(scores: Tensor, indices: Tensor): Tensor {
  return squeeze(takeAlong(scores, expandDims(indices, 1), { axis: 1 }), 1);
}
