/** A rectangle of another image, and its share of the label. CutMix: Yun et al. 2019, arXiv:1905.04899, equation 2. */

import { imagesOf } from "./image-batch.ts";
import { mixLabels } from "./mix-labels.ts";
import { checkMixing, drawShare } from "./mixup.ts";
import type { LabelledImageBatch, Transform } from "./transform.ts";

export interface CutMixOptions {
  /** Both parameters of the beta distribution the shares are drawn from, above 0. Default 1: uniform, as in the paper. */
  alpha?: number | undefined;
  /** How many classes there are: labels become float32 `[B, classes]`, which `crossEntropy` takes. */
  classes: number;
}

/**
 * Puts into each image a rectangle of the one as far from the other end of the batch, from the same place. The label's share is what is
 * left of the image's own pixels. The last transform of a list. Random: `batches` needs an `rng`, and a shuffled pass.
 */
export function cutMix({ alpha = 1, classes }: CutMixOptions): Transform<LabelledImageBatch> {
  checkMixing("cutMix", alpha, classes);
  return (batch, { rng }) => {
    const { data, count, height, width, channels } = imagesOf("cutMix", batch);
    const size = height * width * channels;
    const original = data.slice();
    const shares = new Float32Array(count);
    for (let row = 0; row < count; row++) {
      const stream = rng(row);
      const side = Math.sqrt(1 - drawShare(stream, alpha));
      // The centre may lie anywhere: what lies outside is cut off, and the label counts what is left.
      const [centerY, centerX] = [stream.integer(0, height), stream.integer(0, width)];
      const [halfHeight, halfWidth] = [(side * height) / 2, (side * width) / 2];
      const [top, bottom] = [Math.max(0, Math.round(centerY - halfHeight)), Math.min(height, Math.round(centerY + halfHeight))];
      const [left, right] = [Math.max(0, Math.round(centerX - halfWidth)), Math.min(width, Math.round(centerX + halfWidth))];
      shares[row] = 1 - ((bottom - top) * (right - left)) / (height * width);
      const other = (count - 1 - row) * size;
      for (let y = top; y < bottom; y++) {
        const at = (y * width + left) * channels;
        data.set(original.subarray(other + at, other + at + (right - left) * channels), row * size + at);
      }
    }
    mixLabels("cutMix", batch, { shares, classes });
  };
}
