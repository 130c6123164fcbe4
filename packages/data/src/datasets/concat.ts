/** Datasets one after the other. */

import { DataError, type HostTensor } from "@dl/core";
import type { Dataset, Example } from "../dataset.ts";
import { joinRows } from "./join-rows.ts";
import { stack } from "./stack.ts";

/** All examples of the first dataset, then all of the second, and so on. Class names are kept where all agree. */
export function concat<E extends Example>(...datasets: readonly Dataset<E>[]): Dataset<E> {
  if (datasets.length === 0) throw new DataError("concat: expected at least one dataset, got none.");
  const starts: number[] = [];
  let length = 0;
  for (const dataset of datasets) {
    starts.push(length);
    length += dataset.length;
  }
  const classNames = datasets[0]!.classNames;
  const agreed = datasets.every((dataset) => JSON.stringify(dataset.classNames) === JSON.stringify(classNames));
  const get = (index: number): E => {
    if (!Number.isInteger(index) || index < 0 || index >= length) {
      throw new DataError(`Dataset.get: expected an index from 0 to ${length - 1}, got ${index}.`);
    }
    const at = starts.findLastIndex((start) => start <= index);
    return datasets[at]!.get(index - starts[at]!);
  };
  return {
    length,
    classNames: agreed ? classNames : undefined,
    get,
    getBatch: (indices) => stack(Array.from(indices, get)),
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
