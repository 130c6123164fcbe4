/** A dataset seen through a function. */

import type { Dataset, Example } from "../dataset.ts";
import { readExampleAsync, readExamplesAsync } from "../read-examples.ts";

/**
 * Applies `change` to every example when it is read; nothing is kept. `change` must give the same for the same example: chance belongs
 * into the transforms of `batches`, which are also faster.
 */
export function map<E extends Example, Out extends Example>(dataset: Dataset<E>, change: (example: E, index: number) => Out): Dataset<Out> {
  const getAsync = async (index: number): Promise<Out> => change(await readExampleAsync(dataset, index), index);
  return {
    length: dataset.length,
    classNames: dataset.classNames,
    get: (index) => change(dataset.get(index), index),
    ...(dataset.getBatchAsync === undefined
      ? {}
      : { getBatchAsync: (indices, { onDamaged }) => readExamplesAsync(getAsync, indices, { onDamaged }) }),
  };
}
