/** Datasets one after the other. */

import { DataError, type HostTensor } from "@dl/core";
import type { Dataset, Example } from "../dataset.ts";
import { readExampleAsync, readExamplesAsync } from "../read-examples.ts";
import { joinRows } from "./join-rows.ts";
import { stack } from "./stack.ts";

/**
 * All examples of the first dataset, then all of the second, and so on. Class names are those of the datasets that have some.
 *
 * @throws DataError where those disagree: one number would mean two classes.
 */
export function concat<E extends Example>(...datasets: readonly Dataset<E>[]): Dataset<E> {
  if (datasets.length === 0) throw new DataError("concat: expected at least one dataset, got none.");
  const starts: number[] = [];
  let length = 0;
  for (const dataset of datasets) {
    starts.push(length);
    length += dataset.length;
  }
  const classNames = agreedNames(datasets);
  const place = (index: number): { dataset: Dataset<E>; inner: number } => {
    if (!Number.isInteger(index) || index < 0 || index >= length) {
      throw new DataError(`Dataset.get: expected an index from 0 to ${length - 1}, got ${index}.`);
    }
    const at = starts.findLastIndex((start) => start <= index);
    return { dataset: datasets[at]!, inner: index - starts[at]! };
  };
  const get = (index: number): E => {
    const { dataset, inner } = place(index);
    return dataset.get(inner);
  };
  const getAsync = async (index: number): Promise<E> => {
    const { dataset, inner } = place(index);
    return readExampleAsync(dataset, inner);
  };
  return {
    length,
    classNames,
    get,
    getBatch: (indices) => stack(Array.from(indices, get)),
    ...(datasets.every(({ getBatchAsync }) => getBatchAsync === undefined)
      ? {}
      : { getBatchAsync: (indices, { onDamaged }) => readExamplesAsync(getAsync, indices, { onDamaged }) }),
    column: (field) => {
      const columns: HostTensor[] = [];
      for (const dataset of datasets) {
        const column = dataset.column?.(field);
        if (column === undefined) return undefined;
        columns.push(column);
      }
      return joinRows(columns);
    },
  };
}

function agreedNames(datasets: readonly Dataset[]): readonly string[] | undefined {
  const first = datasets.findIndex(({ classNames }) => classNames !== undefined);
  const agreed = datasets[first]?.classNames;
  for (const [i, { classNames }] of datasets.entries()) {
    if (classNames !== undefined && JSON.stringify(classNames) !== JSON.stringify(agreed)) {
      throw new DataError(
        `concat: expected the same classNames in every dataset, got ${agreed!.join(", ")} in dataset ${first} and ${classNames.join(", ")} in dataset ${i}. Number both by one list, as classNames of imageFolder does.`,
      );
    }
  }
  return agreed;
}
