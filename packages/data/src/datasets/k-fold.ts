/** Cross-validation: every example is held out once. Stone 1974; stratified: Kohavi 1995. */

import { OptionError, type Rng } from "@dl/core";
import type { Dataset, Example } from "../dataset.ts";
import { labelsOf } from "../statistics/class-counts.ts";
import { groupByClass } from "./group-by-class.ts";
import { subset } from "./subset.ts";

export interface KFoldOptions {
  /** At least 2, at most the number of examples. */
  folds: number;
  rng: Rng;
  /** The int32 field whose classes each fold gets in proportion, such as `"labels"`. */
  stratify?: string | undefined;
}

export interface Fold<E extends Example> {
  readonly train: Dataset<E>;
  readonly validation: Dataset<E>;
}

/**
 * The folds of `dataset`: each example is in the validation part of exactly one. Parts keep the dataset's order, sizes differ by at most
 * one (stratified: those of each class do, and the whole by at most one too).
 */
export function kFold<E extends Example>(dataset: Dataset<E>, { folds, rng, stratify }: KFoldOptions): Fold<E>[] {
  if (!Number.isInteger(folds) || folds < 2 || folds > dataset.length) {
    throw new OptionError(`kFold: expected a whole number of folds from 2 to ${dataset.length}, the examples, got ${folds}.`);
  }
  const everything = Array.from({ length: dataset.length }, (_, i) => i);
  const groups = stratify === undefined ? [everything] : groupByClass(labelsOf(dataset, { field: stratify }));
  const foldOf = new Int32Array(dataset.length);
  // Dealt like cards, one class after the other, so that no fold gets all the remainders.
  let dealt = 0;
  for (const group of groups) for (const place of rng.permutation(group.length)) foldOf[group[place]!] = dealt++ % folds;
  return Array.from({ length: folds }, (_, fold) => ({
    train: subset(
      dataset,
      everything.filter((i) => foldOf[i] !== fold),
    ),
    validation: subset(
      dataset,
      everything.filter((i) => foldOf[i] === fold),
    ),
  }));
}
