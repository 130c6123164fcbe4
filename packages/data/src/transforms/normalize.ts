/** Brings every channel to mean 0 and standard deviation 1. LeCun, Bottou, Orr, Müller 1998, "Efficient backprop", section 4.3. */

import { OptionError, ShapeError } from "@dl/core";
import { imagesOf } from "./image-batch.ts";
import type { ImageBatch, Transform } from "./transform.ts";

export interface NormalizeOptions {
  /** One number a channel, in the images' own scale. */
  mean: readonly number[];
  /** One number a channel, above 0. */
  standardDeviation: readonly number[];
}

/**
 * `(image − mean) / standardDeviation`, channel by channel, in place.
 *
 * @example
 * normalize(cifar10Statistics)
 */
export function normalize({ mean, standardDeviation }: NormalizeOptions): Transform<ImageBatch> {
  if (mean.length === 0 || mean.length !== standardDeviation.length) {
    throw new OptionError(
      `normalize: expected one mean and one standard deviation a channel, got ${mean.length} and ${standardDeviation.length}.`,
    );
  }
  for (const value of standardDeviation) {
    if (!(value > 0)) throw new OptionError(`normalize: expected standard deviations above 0, got ${value}.`);
  }
  const scales = standardDeviation.map((value) => 1 / value);
  const shifts = mean.map((value, channel) => -value * scales[channel]!);
  return (batch) => {
    const { data, channels } = imagesOf("normalize", batch);
    if (channels !== mean.length) throw new ShapeError(`normalize: expected images of ${mean.length} channels, got ${channels}.`);
    for (let channel = 0; channel < channels; channel++) {
      const scale = scales[channel]!;
      const shift = shifts[channel]!;
      for (let i = channel; i < data.length; i += channels) data[i] = data[i]! * scale + shift;
    }
  };
}
