/** One pass over what a run reads: a dataset, in this thread, or the one that batch workers hold. */

import { OptionError } from "@dl/core";
import { type Batches, type BatchesOptions, type BatchWorkers, batches, type Dataset, type Example, type WorkerPass } from "@dl/data";

/** Where the examples of a run come from: a dataset, or threads that make batches of theirs beside the training (`openBatchWorkers` of @dl/data). */
export type ExampleSource<E extends Example> = Dataset<E> | BatchWorkers<E>;

export function isWorkers<E extends Example>(source: ExampleSource<E>): source is BatchWorkers<E> {
  return "batches" in source;
}

/** @throws OptionError, with the name of the caller, where workers hold no dataset, or are told what their pipeline says. */
export function passOver<E extends Example>(
  where: string,
  source: ExampleSource<E>,
  options: BatchesOptions<E>,
): Batches<E> | WorkerPass<E> {
  if (!isWorkers(source)) return batches(source, options);
  if (source.length === 0) {
    throw new OptionError(
      `${where}: expected workers whose pipeline has a dataset, got those that change the elements of a stream. Loop over workers.batches(stream, …).`,
    );
  }
  const { transform, collate, ...reading } = options;
  if (collate !== undefined || [transform ?? []].flat().length > 0) {
    throw new OptionError(
      `${where}: expected no transform and no collate beside workers, got one: their pipeline(input) gives both with its dataset.`,
    );
  }
  return source.batches(reading);
}
