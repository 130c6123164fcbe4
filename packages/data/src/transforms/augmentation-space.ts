/** The changes that RandAugment and TrivialAugment choose from, each with a strength from 0 to 30. Their tables as in torchvision. */

import type { Rng } from "@dl/core";
import type { FloatImage } from "./float-image.ts";
import {
  adjustBrightness,
  adjustContrast,
  adjustSaturation,
  adjustSharpness,
  autoContrast,
  equalize,
  posterize,
  solarize,
} from "./pixel-operations.ts";
import { affineMap, warp } from "./warp.ts";

/** The strongest of each kind of change. */
export interface AugmentationLimits {
  /** As a share of the side. */
  readonly shear: number;
  /** In pixels, of an image so wide or high. */
  translate(side: number): number;
  readonly degrees: number;
  /** Brightness, contrast, colour, sharpness: factors from 1 − this to 1 + this. */
  readonly enhance: number;
  /** Bits that posterizing may take away. */
  readonly bits: number;
}

export interface AugmentationContext {
  /** 0 to `strongest`. */
  readonly strength: number;
  readonly limits: AugmentationLimits;
  readonly fill: number;
  readonly rng: Rng;
}

export const strongest = 30;

export type Augmentation = (image: FloatImage, context: AugmentationContext) => void;

/** Up to `limit`, either way. */
const signed = (limit: number, { strength, rng }: AugmentationContext): number =>
  ((limit * strength) / strongest) * (rng.float() < 0.5 ? -1 : 1);

const enhance =
  (adjust: (image: FloatImage, factor: number) => void): Augmentation =>
  (image, context) =>
    adjust(image, 1 + signed(context.limits.enhance, context));

/** Shears leave the upper left corner where it is, as in AutoAugment's own code: what is far from it moves with the strength. */
const corner = [-0.5, -0.5] as const;

/** All of them; "Color" of the papers is saturation. */
export const augmentations: Readonly<Record<string, Augmentation>> = {
  identity: () => {},
  shearX: (image, context) => warp(image, affineMap(image, { shear: [signed(context.limits.shear, context), 0], center: corner }), context),
  shearY: (image, context) => warp(image, affineMap(image, { shear: [0, signed(context.limits.shear, context)], center: corner }), context),
  translateX: (image, context) => {
    const pixels = Math.trunc(signed(context.limits.translate(image.width), context));
    warp(image, affineMap(image, { translate: [pixels, 0] }), context);
  },
  translateY: (image, context) => {
    const pixels = Math.trunc(signed(context.limits.translate(image.height), context));
    warp(image, affineMap(image, { translate: [0, pixels] }), context);
  },
  rotate: (image, context) => warp(image, affineMap(image, { angle: signed(context.limits.degrees, context) }), context),
  brightness: enhance(adjustBrightness),
  contrast: enhance(adjustContrast),
  saturation: enhance(adjustSaturation),
  sharpness: enhance(adjustSharpness),
  posterize: (image, { strength, limits }) => posterize(image, 8 - Math.round((limits.bits * strength) / strongest)),
  solarize: (image, { strength }) => solarize(image, 1 - strength / strongest),
  autoContrast: (image) => autoContrast(image),
  equalize: (image) => equalize(image),
};
