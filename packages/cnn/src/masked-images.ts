/** A network that fills in hidden patches of images, and so learns without labels. Xie et al. 2021, "SimMIM", arXiv:2111.09886, section 3. */

import { abs, mul, OptionError, pixelShuffle, type Rng, type Scalar, sub, sum, type Tensor } from "@dl/core";
import { Conv2d, init, type Mode, Module, Parameter } from "@dl/nn";

/** `[B, H, W, C]` → `[B, H / stride, W / stride, F]`, with the width of its last axis. */
export type MapEncoder = Module & { featureMap(images: Tensor, mode: Mode): Tensor };

/** Images and what of them is hidden. */
export interface MaskedBatch {
  /** `[B, H, W, C]` */
  readonly images: Tensor;
  /** `[B, H, W, 1]`: 1 where a pixel is hidden, 0 elsewhere. */
  readonly mask: Tensor;
}

export interface MaskedImagesOptions<E extends MapEncoder> {
  /** What is to learn. */
  encoder: E;
  /** Channels of its feature map. */
  features: number;
  /** Pixels along a side of its feature map's cells. */
  stride: number;
  /** Channels of the images. Default 3. */
  channels?: number;
  rng: Rng;
}

/**
 * Hides what `mask` says behind a learned colour, and predicts the pixels by one layer on the encoder's feature map.
 *
 * @example
 * const encoder = new ResNet({ ...resnet20, classes: 10, rng: rng.fork("encoder") });
 * const model = new MaskedImages({ encoder, features: 64, stride: 4, rng: rng.fork("decoder") });
 */
export class MaskedImages<E extends MapEncoder> extends Module {
  readonly encoder: E;
  /** `[C]`: what stands in the place of hidden pixels. */
  readonly token: Parameter;
  readonly decoder: Conv2d;
  readonly stride: number;

  constructor({ encoder, features, stride, channels = 3, rng }: MaskedImagesOptions<E>) {
    super();
    if ([features, stride, channels].some((count) => !Number.isInteger(count) || count < 1)) {
      throw new OptionError(
        `MaskedImages: expected whole numbers ≥ 1, got features ${features}, stride ${stride} and channels ${channels}.`,
      );
    }
    this.encoder = encoder;
    this.token = new Parameter(init.zeros([channels]));
    this.decoder = new Conv2d({ inputs: features, outputs: channels * stride ** 2, kernelSize: 1, rng: rng.fork("decoder") });
    this.stride = stride;
  }

  /** Every pixel, `[B, H, W, C]`. */
  forward({ images, mask }: MaskedBatch, mode: Mode): Tensor {
    const shown = images.add(mul(mask, sub(this.token.value, images)));
    return pixelShuffle(this.decoder.forward(this.encoder.featureMap(shown, mode)), this.stride);
  }

  /** The mean error of the hidden pixels, in the images' own units. */
  loss({ images, mask }: MaskedBatch, mode: Mode): Scalar {
    const error = mul(abs(sub(this.forward({ images, mask }, mode), images)), mask);
    return sum(error).div(sum(mask).mul(images.shape[3]!).add(1e-6));
  }
}

/**
 * Masks `[count, side, side, 1]` that hide whole patches: the same number of them in every image, others each time.
 *
 * @throws OptionError for patches that do not fill the image, or a ratio out of range.
 */
export function patchMasks(
  count: number,
  { side, patch, ratio, rng }: { side: number; patch: number; ratio: number; rng: Rng },
): Float32Array {
  const across = side / patch;
  if (!Number.isInteger(across) || !(ratio > 0 && ratio < 1)) {
    throw new OptionError(
      `patchMasks: expected patches that fill the side and a ratio between 0 and 1, got ${patch} in ${side} and ${ratio}.`,
    );
  }
  const hidden = Math.round(ratio * across ** 2);
  const masks = new Float32Array(count * side * side);
  for (let image = 0; image < count; image++) {
    for (const place of rng.permutation(across ** 2).subarray(0, hidden)) {
      const [top, left] = [Math.floor(place / across) * patch, (place % across) * patch];
      for (let y = top; y < top + patch; y++) masks.fill(1, (image * side + y) * side + left, (image * side + y) * side + left + patch);
    }
  }
  return masks;
}
