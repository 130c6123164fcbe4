/** One random change of random strength, nothing to tune. TrivialAugment: Müller and Hutter 2021, arXiv:2103.10158, the wide space. */

import { type AugmentationLimits, augmentations, strongest } from "./augmentation-space.ts";
import { eachImage } from "./float-image.ts";
import type { ImageBatch, Transform } from "./transform.ts";

export interface TrivialAugmentOptions {
  /** What lies outside of moved images. Default 0. */
  fill?: number | undefined;
}

export const trivialAugmentLimits: AugmentationLimits = { shear: 0.99, translate: () => 32, degrees: 135, enhance: 0.99, bits: 6 };
const all = Object.values(augmentations);

/** Makes one random change to each image, in place. For pixels in [0, 1]: before `normalize`. Random: `batches` needs an `rng`. */
export function trivialAugment({ fill = 0 }: TrivialAugmentOptions = {}): Transform<ImageBatch> {
  return eachImage("trivialAugment", (image, stream) => {
    const rng = stream();
    rng.pick(all)(image, { strength: rng.integer(0, strongest + 1), limits: trivialAugmentLimits, fill, rng });
  });
}
