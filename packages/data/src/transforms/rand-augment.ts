/** A few random changes of one strength. RandAugment: Cubuk, Zoph, Shlens, Le 2019, arXiv:1909.13719. */

import { OptionError } from "@dl/core";
import { type AugmentationLimits, augmentations, strongest } from "./augmentation-space.ts";
import { eachImage } from "./float-image.ts";
import type { ImageBatch, Transform } from "./transform.ts";

export interface RandAugmentOptions {
  /** Changes made to each image, one after the other. Default 2. */
  operations?: number | undefined;
  /** Their strength, from 0 to 30. Default 9. */
  magnitude?: number | undefined;
  /** What lies outside of moved images. Default 0. */
  fill?: number | undefined;
}

export const randAugmentLimits: AugmentationLimits = {
  shear: 0.3,
  translate: (side) => (150 / 331) * side,
  degrees: 30,
  enhance: 0.9,
  bits: 4,
};
const all = Object.values(augmentations);

/** Makes `operations` random changes to each image, in place. For pixels in [0, 1]: before `normalize`. Random: `batches` needs an `rng`. */
export function randAugment({ operations = 2, magnitude = 9, fill = 0 }: RandAugmentOptions = {}): Transform<ImageBatch> {
  if (!Number.isInteger(operations) || operations < 1) {
    throw new OptionError(`randAugment: expected a whole number of operations of at least 1, got ${operations}.`);
  }
  if (!(magnitude >= 0 && magnitude <= strongest)) {
    throw new OptionError(`randAugment: expected a magnitude from 0 to ${strongest}, got ${magnitude}.`);
  }
  return eachImage("randAugment", (image, stream) => {
    const rng = stream();
    for (let i = 0; i < operations; i++) rng.pick(all)(image, { strength: magnitude, limits: randAugmentLimits, fill, rng });
  });
}
