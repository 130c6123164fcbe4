/** Mean and standard deviation of every channel: what `normalize` takes. */

import { DataError } from "@dl/core";
import { batches } from "../batches.ts";
import type { Dataset } from "../dataset.ts";
import type { ImageBatch } from "../transforms/transform.ts";

export interface ChannelStatistics {
  /** One number a channel. */
  readonly mean: readonly number[];
  /** Of the population (divided by N), as the usual constants of MNIST and CIFAR-10 are. */
  readonly standardDeviation: readonly number[];
}

/**
 * Statistics over every pixel of `images`, in float64. Batch by batch: Chan, Golub, LeVeque 1979, "Updating formulae and a pairwise
 * algorithm for computing sample variances", equation 2.1, which loses no digits where the sum of squares would.
 */
export function channelStatistics(dataset: Dataset<ImageBatch>): ChannelStatistics {
  const mean: number[] = [];
  const squares: number[] = [];
  let seen = 0;
  for (const { images } of batches(dataset, { batchSize: 256 })) {
    const { data, shape } = images;
    const channels = shape.at(-1)!;
    const pixels = data.length / channels;
    if (shape.length < 2 || channels === 0 || pixels === 0)
      throw new DataError(`channelStatistics: expected images [H, W, C], got [${shape.slice(1).join(", ")}].`);
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      for (let i = channel; i < data.length; i += channels) sum += data[i]!;
      const batchMean = sum / pixels;
      let batchSquares = 0;
      for (let i = channel; i < data.length; i += channels) batchSquares += (data[i]! - batchMean) ** 2;
      const distance = batchMean - (mean[channel] ?? 0);
      squares[channel] = (squares[channel] ?? 0) + batchSquares + (distance ** 2 * seen * pixels) / (seen + pixels);
      mean[channel] = (mean[channel] ?? 0) + (distance * pixels) / (seen + pixels);
    }
    seen += pixels;
  }
  return { mean, standardDeviation: squares.map((sum) => Math.sqrt(sum / seen)) };
}
