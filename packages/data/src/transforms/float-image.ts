/** One image of a batch, for transforms that look at each alone. */

import type { Rng } from "@dl/core";
import { imagesOf } from "./image-batch.ts";
import type { ImageBatch, Transform } from "./transform.ts";

/** Float pixels `[height, width, channels]`, a view into the batch; photographs lie in [0, 1]. */
export interface FloatImage {
  readonly data: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** A transform that changes each image in place. */
export function eachImage(where: string, change: (image: FloatImage, stream: () => Rng) => void): Transform<ImageBatch> {
  return (batch, { rng }) => {
    const { data, count, height, width, channels } = imagesOf(where, batch);
    const size = height * width * channels;
    for (let i = 0; i < count; i++) {
      change({ data: data.subarray(i * size, (i + 1) * size), height, width, channels }, () => rng(i));
    }
  };
}
