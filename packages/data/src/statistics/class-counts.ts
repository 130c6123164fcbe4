/** How many examples each class has. */

import { DataError, type HostTensor } from "@dl/core";
import type { Dataset } from "../dataset.ts";

export interface LabelOptions {
  /** The int32 field that holds the class. Default `"labels"`. */
  field?: string | undefined;
}

/** The class of every example, int32 `[N]`; read example by example only where the dataset has no such column. */
export function labelsOf(dataset: Dataset, { field = "labels" }: LabelOptions = {}): Int32Array {
  const column = dataset.column?.(field);
  if (column !== undefined) return asLabels(column, field);
  const labels = new Int32Array(dataset.length);
  for (let i = 0; i < labels.length; i++) {
    const label = dataset.get(i)[field];
    if (label === undefined)
      throw new DataError(`labelsOf: expected a field ${field}, got example ${i} without one. Name it with { field }.`);
    labels[i] = asLabels({ ...label, shape: [1, ...label.shape] }, field)[0]!;
  }
  return labels;
}

/**
 * Examples of each class.
 *
 * @returns As many counts as the dataset has class names, or as its largest label needs.
 * @throws DataError for a negative label, or one with no class name.
 */
export function classCounts(dataset: Dataset, options: LabelOptions = {}): number[] {
  const labels = labelsOf(dataset, options);
  const classes = dataset.classNames?.length ?? labels.reduce((most, label) => Math.max(most, label + 1), 0);
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label < 0 || label >= classes)
      throw new DataError(`classCounts: expected labels from 0 to ${classes - 1}, got ${label} at example ${i}.`);
    counts[label]!++;
  }
  return counts;
}

function asLabels({ data, shape }: HostTensor, field: string): Int32Array {
  if (!(data instanceof Int32Array) || shape.length !== 1) {
    throw new DataError(`labelsOf: expected ${field} to be one int32 an example, got [${shape.slice(1).join(", ")}] of another kind.`);
  }
  return data;
}
