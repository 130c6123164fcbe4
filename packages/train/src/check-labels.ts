/** Labels held against the number of classes on the host, where an error can still name the example. */

import { DataError, type HostTensor, OptionError } from "@dl/core";
import type { BatchWorkers, Dataset, Example, Transform } from "@dl/data";
import { type ExampleSource, isWorkers } from "./pass-over.ts";

export interface CheckLabelsOptions {
  /** Labels are whole numbers from 0 up to, not including, this. */
  classes: number;
  /** The field that holds them. Default `labels`. */
  field?: string;
  /** A label that is let through: the `ignoreIndex` of the loss. Default none. */
  ignoreIndex?: number;
}

/**
 * A transform that changes nothing and throws for a label that is no class. A device cannot: there such a label makes the loss NaN.
 *
 * `fit` and `evaluate` check by themselves where the dataset has `classNames`.
 *
 * @throws DataError that names the label and its example.
 * @example
 * const transform = [checkLabels({ classes: 10 })];
 */
export function checkLabels({ classes, field = "labels", ignoreIndex }: CheckLabelsOptions): Transform<Example> {
  if (!Number.isInteger(classes) || classes < 1)
    throw new OptionError(`checkLabels: expected a whole number of classes ≥ 1, got ${classes}.`);
  return (batch, { indices }) => {
    const labels: HostTensor | undefined = batch[field];
    if (labels === undefined) {
      throw new DataError(`checkLabels: expected a field ${JSON.stringify(field)}, got only ${Object.keys(batch).join(", ")}.`);
    }
    const { data } = labels;
    const i = data.findIndex((label) => (!Number.isInteger(label) || label < 0 || label >= classes) && label !== ignoreIndex);
    if (i !== -1) {
      throw wrongLabel({ field, classes, label: data[i]!, example: `example ${indices[Math.floor((i * indices.length) / data.length)]}` });
    }
  };
}

function wrongLabel({ field, classes, label, example }: { field: string; classes: number; label: number; example: string }): DataError {
  return new DataError(
    `checkLabels: expected ${field} from 0 to ${classes - 1} (${classes} classes), got ${label} in ${example}. Correct the data, or the number of classes.`,
  );
}

/** Where the labels of a source are checked: among the transforms of this thread, or as batches come from workers. */
export interface CheckedSource<E extends Example> {
  readonly transform: Transform<E> | readonly Transform<E>[] | undefined;
  readonly checkBatch: ((batch: E) => void) | undefined;
}

export function withLabelsChecked<E extends Example>(source: ExampleSource<E>, transform: CheckedSource<E>["transform"]): CheckedSource<E> {
  return isWorkers(source)
    ? { transform, checkBatch: labelCheckOf(source) }
    : { transform: withLabelCheck(source, transform), checkBatch: undefined };
}

/** `transform` with the check before it where the dataset says what its labels count. */
function withLabelCheck<E extends Example>(
  { classNames }: Dataset<E>,
  transform: Transform<E> | readonly Transform<E>[] = [],
): readonly Transform<E>[] {
  const [first, ...others] = typeof transform === "function" ? [transform] : transform;
  if (classNames === undefined) return first ? [first, ...others] : [];
  const check = checkLabels({ classes: classNames.length });
  // Inside the first, not before it: a transform's place in the list names its random stream.
  const checked: Transform<E> = (batch, context) => {
    if (batch.labels?.dtype === "int32") check(batch, context);
    first?.(batch, context);
  };
  return [checked, ...others];
}

/** The same for batches that come from workers, as they come: which examples they are of is the workers' to know. */
function labelCheckOf<E extends Example>({ classNames }: BatchWorkers<E>): ((batch: E) => void) | undefined {
  if (classNames === undefined) return undefined;
  const classes = classNames.length;
  return ({ labels }) => {
    const label = labels?.dtype === "int32" ? labels.data.find((value) => value < 0 || value >= classes) : undefined;
    if (label !== undefined) throw wrongLabel({ field: "labels", classes, label, example: "a batch of the workers" });
  };
}
