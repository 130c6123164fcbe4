/** How often each class was taken for each other. */

import { type HostTensor, OptionError, ShapeError, sizeOf } from "@dl/core";
import type { Metric } from "../metric.ts";
import { nothingAdded, requireChoice } from "../numbers.ts";
import { type ClassInputs, readClassPairs, requireClassCount } from "./class-inputs.ts";

export interface ConfusionMatrixOptions {
  /** How many classes there are; labels run from 0 to `classes − 1`. */
  readonly classes: number;
  /** A label that is left out, such as −100 or 255 for unlabelled pixels. Default: none. */
  readonly ignoreLabel?: number;
}

export interface ConfusionMatrixState {
  /** Row-major `[classes, classes]`. */
  readonly counts: readonly number[];
}

/**
 * Counts `[C, C]` in float64: row = true class, column = predicted class.
 *
 * @example
 * const confusion = new ConfusionMatrix({ classes: 2 });
 * confusion.update({ labels: [0, 1, 1], predictions: [0, 0, 1] });
 * confusion.result().data; // 1, 0, 1, 1
 */
export class ConfusionMatrix implements Metric<ClassInputs, HostTensor, ConfusionMatrixState> {
  readonly #classes: number;
  readonly #ignoreLabel: number | undefined;
  #counts: Float64Array;

  constructor({ classes, ignoreLabel }: ConfusionMatrixOptions) {
    requireClassCount("ConfusionMatrix", classes);
    this.#classes = classes;
    this.#ignoreLabel = ignoreLabel;
    this.#counts = new Float64Array(classes * classes);
  }

  update(inputs: ClassInputs): void {
    const options = { classes: this.#classes, ignoreLabel: this.#ignoreLabel };
    const { labels, predictions, weights } = readClassPairs("ConfusionMatrix.update", inputs, options);
    for (let i = 0; i < labels.length; i++) this.#counts[labels[i]! * this.#classes + predictions[i]!]! += weights[i]!;
  }

  result(): HostTensor {
    if (!this.#counts.some((count) => count > 0)) throw nothingAdded("ConfusionMatrix.result");
    return { shape: [this.#classes, this.#classes], dtype: "float64", data: this.#counts.slice() };
  }

  reset(): void {
    this.#counts.fill(0);
  }

  merge(other: this): void {
    if (other.#classes !== this.#classes) {
      throw new OptionError(`ConfusionMatrix.merge: expected equal classes, got ${this.#classes} and ${other.#classes}.`);
    }
    for (let i = 0; i < this.#counts.length; i++) this.#counts[i]! += other.#counts[i]!;
  }

  state(): ConfusionMatrixState {
    return { counts: [...this.#counts] };
  }

  restore({ counts }: ConfusionMatrixState): void {
    if (counts.length !== this.#counts.length) {
      throw new OptionError(
        `ConfusionMatrix.restore: expected ${this.#counts.length} counts (${this.#classes} classes), got ${counts.length}.`,
      );
    }
    this.#counts = Float64Array.from(counts);
  }
}

/**
 * Shares instead of counts: of each true class (rows add up to 1: the diagonal is recall), of each predicted class
 * (columns add up to 1: the diagonal is precision), or of all examples. A class that never occurs stays 0, as in scikit-learn.
 */
export function normalizeConfusion(confusion: HostTensor, by: "true" | "predicted" | "all"): HostTensor {
  const { data, classes } = readConfusion("normalizeConfusion", confusion);
  requireChoice("normalizeConfusion", "by", [by, ["true", "predicted", "all"]]);
  const totals = new Float64Array(by === "all" ? 1 : classes);
  const group = (i: number): number => (by === "true" ? Math.floor(i / classes) : by === "predicted" ? i % classes : 0);
  for (let i = 0; i < data.length; i++) totals[group(i)]! += data[i]!;
  const shares = Float64Array.from(data, (count, i) => (totals[group(i)] === 0 ? 0 : count / totals[group(i)]!));
  return { shape: [classes, classes], dtype: "float64", data: shares };
}

/** Checks that a tensor is a confusion matrix. */
export function readConfusion(where: string, confusion: HostTensor): { data: HostTensor["data"]; classes: number } {
  const { shape, data } = confusion;
  if (shape.length !== 2 || shape[0] !== shape[1] || data.length !== sizeOf(shape)) {
    throw new ShapeError(`${where}: expected a confusion matrix [classes, classes], got [${shape.join(", ")}].`);
  }
  return { data, classes: shape[0]! };
}
