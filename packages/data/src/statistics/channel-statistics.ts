/** Mean and standard deviation of every channel: what `normalize` takes. */

import { DataError } from "@dl/core";
import { batches } from "../batches.ts";
import type { Dataset } from "../dataset.ts";
import type { ImageBatch } from "../transforms/transform.ts";
import { ChannelMoments } from "./channel-moments.ts";

export interface ChannelStatistics {
  /** One number a channel. */
  readonly mean: readonly number[];
  /** Of the population (divided by N), as the usual constants of MNIST and CIFAR-10 are. */
  readonly standardDeviation: readonly number[];
}

/** Statistics over every pixel of `images`, in float64. */
export function channelStatistics(dataset: Dataset<ImageBatch>): ChannelStatistics {
  const moments = new ChannelMoments();
  for (const { images } of batches(dataset, { batchSize: 256 })) {
    const { data, shape } = images;
    const channels = shape.at(-1)!;
    if (shape.length < 2 || data.length === 0)
      throw new DataError(`channelStatistics: expected images [H, W, C], got [${shape.slice(1).join(", ")}].`);
    moments.add(data, channels);
  }
  // A pass gives a batch, or throws.
  return moments.result()!;
}
