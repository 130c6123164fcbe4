/** Structural similarity: brightness, contrast and structure in a window about each pixel. Wang et al. 2004, equation 13. */

import { OptionError, ShapeError } from "@dl/core";
import { SumsMetric } from "../sums-metric.ts";
import { type ImagePairInputs, type ImagePairs, type ImageRangeOptions, readImagePairs, requireRange } from "./image-inputs.ts";

export interface SsimOptions extends ImageRangeOptions {
  /** `gaussian`, σ 1.5, as in the paper, with population moments; or `uniform` with sample moments. Default `gaussian`. */
  readonly window?: "gaussian" | "uniform";
  /** Side of the window, odd. Default 11 for `gaussian`, 7 for `uniform`. */
  readonly size?: number;
}

/**
 * Mean over pixels whose window lies within the image, over channels and over images; from −1 to 1, where 1 is equal.
 * Equal to scikit-image's.
 *
 * @example
 * const ssim = new Ssim({ range: 1 });
 * const image = rng.uniform([16, 16, 3]);
 * ssim.update({ images: image, references: image });
 * ssim.result(); // 1
 */
export class Ssim extends SumsMetric<ImagePairInputs> {
  readonly #range: number;
  readonly #weights: Float64Array;
  /** n ÷ (n − 1) for sample moments. */
  readonly #unbias: number;

  constructor({ range, window = "gaussian", size = window === "gaussian" ? 11 : 7 }: SsimOptions) {
    super("Ssim", { length: 2, options: `range ${range}, ${window} window of ${size}` });
    requireRange("Ssim", range);
    if (window !== "gaussian" && window !== "uniform")
      throw new OptionError(`Ssim: expected window gaussian or uniform, got ${String(window)}.`);
    if (!Number.isInteger(size) || size < 3 || size % 2 === 0)
      throw new OptionError(`Ssim: expected an odd size of at least 3, got ${size}.`);
    this.#range = range;
    const middle = (size - 1) / 2;
    const raw = Float64Array.from({ length: size }, (_, i) => (window === "uniform" ? 1 : Math.exp(-((i - middle) ** 2) / (2 * 1.5 ** 2))));
    const total = raw.reduce((a, b) => a + b);
    this.#weights = raw.map((weight) => weight / total);
    this.#unbias = window === "uniform" ? (size * size) / (size * size - 1) : 1;
  }

  protected override add(inputs: ImagePairInputs, sums: Float64Array): void {
    const pairs = readImagePairs("Ssim.update", inputs);
    const size = this.#weights.length;
    if (pairs.height < size || pairs.width < size) {
      throw new ShapeError(
        `Ssim.update: expected images of at least ${size}×${size}, got ${pairs.height}×${pairs.width}. Take a smaller size.`,
      );
    }
    for (let image = 0; image < pairs.count; image++) {
      for (let channel = 0; channel < pairs.channels; channel++) sums[0]! += this.#similarity(pairs, image, channel) / pairs.channels;
      sums[1]!++;
    }
  }

  protected override answer([similarity, count]: Float64Array): number {
    return similarity! / count!;
  }

  #similarity(pairs: ImagePairs, image: number, channel: number): number {
    const { height, width, channels } = pairs;
    const plane = (of: (x: number, y: number) => number): Float64Array =>
      blur(
        Float64Array.from({ length: height * width }, (_, pixel) => {
          const at = (image * height * width + pixel) * channels + channel;
          return of(pairs.images[at]!, pairs.references[at]!);
        }),
        { height, width, weights: this.#weights },
      );
    const [x, y, xx, yy, xy] = [plane((a) => a), plane((_, b) => b), plane((a) => a * a), plane((_, b) => b * b), plane((a, b) => a * b)];
    const c1 = (0.01 * this.#range) ** 2;
    const c2 = (0.03 * this.#range) ** 2;
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      const [mx, my] = [x[i]!, y[i]!];
      const vx = this.#unbias * (xx[i]! - mx * mx);
      const vy = this.#unbias * (yy[i]! - my * my);
      const vxy = this.#unbias * (xy[i]! - mx * my);
      sum += ((2 * mx * my + c1) * (2 * vxy + c2)) / ((mx * mx + my * my + c1) * (vx + vy + c2));
    }
    return sum / x.length;
  }
}

/** Weighted means over windows within the image: `[height − size + 1, width − size + 1]`. */
function blur(plane: Float64Array, { height, width, weights }: { height: number; width: number; weights: Float64Array }): Float64Array {
  const size = weights.length;
  const [rows, columns] = [height - size + 1, width - size + 1];
  const across = new Float64Array(height * columns);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += weights[k]! * plane[row * width + column + k]!;
      across[row * columns + column] = sum;
    }
  }
  const down = new Float64Array(rows * columns);
  for (let i = 0; i < down.length; i++) {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += weights[k]! * across[i + k * columns]!;
    down[i] = sum;
  }
  return down;
}
