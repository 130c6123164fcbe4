/** Whether a batch is anything a discriminator could learn from. */

import { DataError, type HostTensor } from "@dl/core";

/**
 * @throws DataError for examples that are no numbers; in the first batch, also for examples that are all alike.
 */
export function checkExamples(
  { data, shape }: HostTensor,
  { where = "fitGan", field, isFirst }: { where?: string; field: string; isFirst: boolean },
): void {
  const size = data.length / shape[0]!;
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    throw new DataError(
      `${where}: expected ${field} that are numbers, got ${data[i]} in example ${Math.floor(i / size)} of a batch. Clean the data; a transform may have divided by 0.`,
    );
  }
  if (!isFirst) return;
  for (let i = size; i < data.length; i++) if (data[i] !== data[i - size]) return;
  throw new DataError(
    `${where}: expected ${field} that differ, got ${shape[0]} equal ones. A generator of one picture is a constant: check how the data is read.`,
  );
}
