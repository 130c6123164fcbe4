/** Images blended in pairs, and their labels with them. mixup: Zhang, Cissé, Dauphin, Lopez-Paz 2017, arXiv:1710.09412. */

import { OptionError, type Rng } from "@dl/core";
import { imagesOf } from "./image-batch.ts";
import { mixLabels } from "./mix-labels.ts";
import type { LabelledImageBatch, Transform } from "./transform.ts";

export interface MixupOptions {
  /** Both parameters of the beta distribution the shares are drawn from, above 0. Default 0.2. */
  alpha?: number | undefined;
  /** How many classes there are: labels become float32 `[B, classes]`, which `crossEntropy` takes. */
  classes: number;
}

/**
 * Blends each image with the one as far from the other end of the batch: `share · own + (1 − share) · other`, the share drawn for each
 * image alone. The last transform of a list. Random: `batches` needs an `rng`, and a shuffled pass, so that the partners change.
 */
export function mixup({ alpha = 0.2, classes }: MixupOptions): Transform<LabelledImageBatch> {
  checkMixing("mixup", alpha, classes);
  return (batch, { rng }) => {
    const { data, count, height, width, channels } = imagesOf("mixup", batch);
    const size = height * width * channels;
    const original = data.slice();
    const shares = Float32Array.from({ length: count }, (_, row) => drawShare(rng(row), alpha));
    for (let row = 0; row < count; row++) {
      const share = shares[row]!;
      const other = (count - 1 - row) * size;
      for (let i = 0, to = row * size; i < size; i++, to++) data[to] = share * original[to]! + (1 - share) * original[other + i]!;
    }
    mixLabels("mixup", batch, { shares, classes });
  };
}

export function checkMixing(where: string, alpha: number, classes: number): void {
  if (!(alpha > 0 && alpha < Infinity)) throw new OptionError(`${where}: expected a finite alpha above 0, got ${alpha}.`);
  if (!Number.isInteger(classes) || classes < 2)
    throw new OptionError(`${where}: expected a whole number of classes of at least 2, got ${classes}.`);
}

/** A number of Beta(alpha, alpha), as the share of one of two gamma variates. */
export function drawShare(rng: Rng, alpha: number): number {
  const [own, other] = [drawGamma(rng, alpha), drawGamma(rng, alpha)];
  // Both of a tiny alpha may vanish: then the draw is one end or the other.
  return own + other > 0 ? own / (own + other) : rng.float() < 0.5 ? 0 : 1;
}

/** Marsaglia and Tsang 2000, "A simple method for generating gamma variables"; below 1 by their section 6. */
function drawGamma(rng: Rng, shape: number): number {
  if (shape < 1) return drawGamma(rng, shape + 1) * (1 - rng.float()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = rng.normal([1]).data[0]!;
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - rng.float()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
