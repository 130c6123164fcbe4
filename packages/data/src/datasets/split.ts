/** Divides a dataset at random: training, validation, test. */

import { OptionError, type Rng } from "@dl/core";
import type { Dataset, Example } from "../dataset.ts";
import { labelsOf } from "../statistics/class-counts.ts";
import { apportionGroups } from "./apportion.ts";
import { groupByClass } from "./group-by-class.ts";
import { subset } from "./subset.ts";

export interface SplitDatasetOptions<Part extends string> {
  /** The share of each part, such as `{ train: 0.9, validation: 0.1 }`; they sum to 1. */
  fractions: Readonly<Record<Part, number>>;
  rng: Rng;
  /** The int32 field whose classes each part gets in proportion, such as `"labels"`. Without it the split is blind to classes. */
  stratify?: string | undefined;
}

/**
 * Every example lands in exactly one part, and each part keeps the dataset's order. Part sizes are the fractions of the length,
 * rounded so that they sum to it; the largest remainders are rounded up, ties to the part named first. Stratified, the parts are as large, and
 * the sizes within each class are its fractions, rounded up or down.
 *
 * @example
 * const { train, validation } = split(digits, { fractions: { train: 0.9, validation: 0.1 }, rng: rng.fork("split"), stratify: "labels" });
 */
export function split<E extends Example, Part extends string>(
  dataset: Dataset<E>,
  { fractions, rng, stratify }: SplitDatasetOptions<Part>,
): Record<Part, Dataset<E>> {
  const parts = Object.keys(fractions) as Part[];
  const shares = parts.map((part) => fractions[part]);
  const total = shares.reduce((sum, share) => sum + share, 0);
  if (parts.length === 0 || shares.some((share) => !(share >= 0)) || Math.abs(total - 1) > 1e-9) {
    throw new OptionError(
      `split: expected fractions of at least 0 that sum to 1, got ${JSON.stringify(fractions)}, which sum to ${total}.`,
    );
  }
  const chosen = parts.map((): number[] => []);
  const groups = stratify === undefined ? [everything(dataset.length)] : groupByClass(labelsOf(dataset, { field: stratify }));
  const sizes = apportionGroups(
    shares,
    groups.map(({ length }) => length),
    { rng: rng.fork("remainders") },
  );
  for (const [i, group] of groups.entries()) {
    const order = rng.permutation(group.length);
    let at = 0;
    for (const [part, size] of sizes[i]!.entries()) {
      for (const end = at + size; at < end; at++) chosen[part]!.push(group[order[at]!]!);
    }
  }
  const result = {} as Record<Part, Dataset<E>>;
  for (const [i, part] of parts.entries()) result[part] = subset(dataset, Int32Array.from(chosen[i]!).sort());
  return result;
}

function everything(length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => i);
}
