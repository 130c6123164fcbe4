/** Measures a model on a dataset, without gradients. */

import { type Device, type HostOf, type HostTensor, type Scalar, type Tensor, upload, Yielder } from "@dl/core";
import type { BatchesOptions, Collate, Example, Transform } from "@dl/data";
import { withLabelsChecked } from "./check-labels.ts";
import type { Tensors } from "./fit.ts";
import { type ExampleSource, passOver } from "./pass-over.ts";
import { batchSizeOf } from "./split-batch.ts";
import { WeightedMeans } from "./weighted-means.ts";

export interface EvaluateOptions<E extends Example, T extends Readonly<Record<string, Tensor>>> {
  device: Device;
  /** Or the workers that hold it: `transform` and `collate` are in their pipeline then. */
  dataset: ExampleSource<E>;
  /** Default 250. */
  batchSize?: number;
  transform?: Transform<E> | readonly Transform<E>[];
  /** Makes a batch of examples, such as `padFields`. Default: they are stacked. */
  collate?: Collate<E>;
  /** Called for an example that cannot be read, which is then left out. Without it the `DataError` is thrown. */
  onDamaged?: BatchesOptions<E>["onDamaged"];
  /** What to compute of a batch: scalars are averaged over the examples, other tensors go to `onBatch`. */
  step: (batch: Tensors<E>) => T;
  /** Sees every batch and what `step` made of it, in order, as host data: for metrics. */
  onBatch?: (batch: E, outputs: HostOf<T>) => void;
  signal?: AbortSignal;
}

/** A number for each scalar among the outputs of `step`. */
export type Means<T> = { readonly [K in keyof T as T[K] extends Scalar ? K : never]: number };

/**
 * The means of the scalars that `step` returns, over all examples; those of a smaller last batch count less.
 *
 * @throws DataError for an empty dataset, or a label that is none of its `classNames`; the signal's reason when it is aborted.
 * @example
 * const { loss } = await evaluate({ device, dataset: test, step: ({ images, labels }) => ({ loss: crossEntropy(model.forward(images, inference), labels) }) });
 */
export async function evaluate<E extends Example, T extends Readonly<Record<string, Tensor>>>({
  device,
  dataset,
  batchSize = 250,
  transform,
  collate,
  onDamaged,
  step,
  onBatch,
  signal,
}: EvaluateOptions<E, T>): Promise<Means<T>> {
  const means = new WeightedMeans();
  const yielder = new Yielder();
  const checked = withLabelsChecked(dataset, transform);
  for await (const batch of passOver("evaluate", dataset, { batchSize, collate, transform: checked.transform, onDamaged })) {
    signal?.throwIfAborted();
    checked.checkBatch?.(batch);
    const outputs = (await device.compute(() => step(upload<E & Record<string, HostTensor>>(batch)) as object)) as Readonly<
      Record<string, HostTensor | number>
    >;
    const scalars = Object.entries(outputs).filter((entry): entry is [string, number] => typeof entry[1] === "number");
    means.add(Object.fromEntries(scalars), batchSizeOf(batch));
    onBatch?.(batch, outputs as HostOf<T>);
    await yielder.turn();
  }
  return means.result() as Means<T>;
}
