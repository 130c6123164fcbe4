/** How far above the error the largest signal lies, in decibels. */

import { SumsMetric } from "../sums-metric.ts";
import { type ImagePairInputs, type ImageRangeOptions, readImagePairs, requireRange } from "./image-inputs.ts";

/**
 * The mean over images of 10 log₁₀(range² ÷ mean squared error); ∞ once an image has no error.
 *
 * @example
 * const psnr = new Psnr({ range: 1 });
 * psnr.update({ images: fromNested([[[0.5]]]), references: fromNested([[[0.4]]]) });
 * Math.round(psnr.result()); // 20
 */
export class Psnr extends SumsMetric<ImagePairInputs> {
  readonly #range: number;

  constructor({ range }: ImageRangeOptions) {
    super("Psnr", { length: 3, options: `range ${range}` });
    requireRange("Psnr", range);
    this.#range = range;
  }

  protected override add(inputs: ImagePairInputs, sums: Float64Array): void {
    const { images, references, count } = readImagePairs("Psnr.update", inputs);
    const size = images.length / count;
    for (let image = 0; image < count; image++) {
      let square = 0;
      for (let i = image * size; i < (image + 1) * size; i++) square += (images[i]! - references[i]!) ** 2;
      // An infinity is counted apart: in JSON, where checkpoints keep sums, there is none.
      if (square === 0) sums[2]!++;
      else sums[0]! += 10 * Math.log10((this.#range * this.#range * size) / square);
      sums[1]!++;
    }
  }

  protected override answer([decibels, count, perfect]: Float64Array): number {
    return perfect! > 0 ? Number.POSITIVE_INFINITY : decibels! / count!;
  }
}
