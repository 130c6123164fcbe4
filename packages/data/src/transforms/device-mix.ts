/** mixup and CutMix where the images are: on the device, inside `compute`. Papers as for `mixup` and `cutMix`. */

import { oneHot, type Rng, flip as reversed, type Tensor, tensor, where } from "@dl/core";
import { imageShape } from "./device-move.ts";
import { checkMixing, drawShare } from "./mixup.ts";

export interface DeviceMixOptions {
  /** Where the shares are drawn from: on the host, before the work begins. */
  rng: Rng;
  classes: number;
  /** Both parameters of the beta distribution, above 0. Default 0.2 for mixup, 1 for CutMix. */
  alpha?: number | undefined;
}

/** Images and float targets that `crossEntropy` takes. */
export interface MixedImages {
  /** `[B, H, W, C]` */
  readonly images: Tensor;
  /** `[B, classes]` */
  readonly targets: Tensor;
}

/** Blends each of `images` `[B, H, W, C]` with the one as far from the other end of the batch, and `labels` int32 `[B]` with theirs. */
export function deviceMixup(images: Tensor, labels: Tensor, { rng, classes, alpha = 0.2 }: DeviceMixOptions): MixedImages {
  checkMixing("deviceMixup", alpha, classes);
  const [count] = imageShape("deviceMixup", images);
  const shares = Float32Array.from({ length: count }, () => drawShare(rng, alpha));
  const share = tensor({ shape: [count, 1, 1, 1], dtype: "float32", data: shares });
  return {
    images: images.mul(share).add(reversed(images, 0).mul(share.neg().add(1))),
    targets: mixTargets(labels, { shares, classes }),
  };
}

/** Puts into each of `images` a rectangle of the one as far from the other end of the batch. */
export function deviceCutMix(images: Tensor, labels: Tensor, { rng, classes, alpha = 1 }: DeviceMixOptions): MixedImages {
  checkMixing("deviceCutMix", alpha, classes);
  const [count, height, width] = imageShape("deviceCutMix", images);
  const own = new Uint8Array(count * height * width).fill(1);
  const shares = Float32Array.from({ length: count }, (_, image) => {
    const side = Math.sqrt(1 - drawShare(rng, alpha));
    const [centerY, centerX] = [rng.integer(0, height), rng.integer(0, width)];
    const [top, bottom] = span(centerY, (side * height) / 2, height);
    const [left, right] = span(centerX, (side * width) / 2, width);
    for (let y = top; y < bottom; y++) own.fill(0, (image * height + y) * width + left, (image * height + y) * width + right);
    return 1 - ((bottom - top) * (right - left)) / (height * width);
  });
  const mask = tensor({ shape: [count, height, width, 1], dtype: "bool", data: own });
  return { images: where(mask, images, reversed(images, 0)), targets: mixTargets(labels, { shares, classes }) };
}

function mixTargets(labels: Tensor, { shares, classes }: { shares: Float32Array; classes: number }): Tensor {
  const share = tensor({ shape: [shares.length, 1], dtype: "float32", data: shares });
  const targets = oneHot(labels, classes);
  return targets.mul(share).add(reversed(targets, 0).mul(share.neg().add(1)));
}

/** The pixels within `half` of `center`, cut off at the image's ends. */
function span(center: number, half: number, size: number): readonly [number, number] {
  return [Math.max(0, Math.round(center - half)), Math.min(size, Math.round(center + half))];
}
