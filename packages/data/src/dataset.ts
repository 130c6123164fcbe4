/** What a dataset is: examples by number, each a record of host arrays. */

import type { DataError, HostTensor } from "@dl/core";

/** One example, or one batch of them with an axis in front: arrays by name, such as `images` and `labels`. */
export type Example<Field extends string = string> = Record<Field, HostTensor>;

/**
 * A finite collection that can be read in any order. Datasets are values: nothing that wraps one changes it.
 *
 * Reading is synchronous and always gives the same example for the same number; chance belongs to `batches`.
 */
export interface Dataset<E extends Example = Example> {
  readonly length: number;
  /** Names of the classes that `labels` counts, where there are such. */
  readonly classNames?: readonly string[] | undefined;
  /** Example `index`, from 0 to `length − 1`. */
  get(index: number): E;
  /** The examples `indices`, stacked: every field gets a batch axis in front. The arrays are fresh: the caller may change them. */
  getBatch?(indices: Int32Array): E;
  /**
   * As `getBatch`, where reading takes its time: batch workers ask for this one. `kept` are the examples read: all, or those left once
   * `onDamaged` was told of the others. The batch is undefined where none is left.
   */
  getBatchAsync?(
    indices: Int32Array,
    options: { onDamaged?: ((error: DataError, index: number) => void) | undefined },
  ): Promise<{ batch: E | undefined; kept: Int32Array }>;
  /** A whole field `[length, …]`, where it is at hand without making every example; `undefined` where it is not. */
  column?(field: string): HostTensor | undefined;
}

/** The examples a dataset holds: `ExampleOf<typeof train>`. */
export type ExampleOf<D> = D extends Dataset<infer E> ? E : never;
