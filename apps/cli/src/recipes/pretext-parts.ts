/** What the self-supervised recipes on CIFAR-10 have in common: the encoder, and how much of the labels it is measured with. */

import { ResNet, resnet20 } from "@dl/cnn";
import type { Rng } from "@dl/core";
import type { Example, ImageBatch, Transform } from "@dl/data";

/** Passes over the labelled images when a network is trained on a share of the labels. */
export interface LabelShare {
  readonly share: number;
  readonly epochs: number;
  /** What the fine-tuned network teaches with its answers to all images, `rounds` times in a row, `epochs` each. Default nothing. */
  readonly distillation?: { readonly rounds: number; readonly epochs: number };
}

/** ResNet-8 behind a stem that alone sees the whole image, then halves: what learns an epoch of two views in minutes without a GPU. */
export const smallEncoder = (rng: Rng): ResNet => new ResNet({ ...resnet20, depths: [0, 1, 1, 1], width: 16, classes: 10, rng });
/** Its features, and how many pixels in a row each place of its last map has. */
export const encoderFeatures = 128;
export const encoderStride = 8;

/** What the features are measured with. */
export const labelShares: readonly LabelShare[] = [
  { share: 0.01, epochs: 100 },
  { share: 0.1, epochs: 40 },
  { share: 1, epochs: 12 },
];

/** A transform of images in a batch that has more than images. */
export const onImages =
  (transform: Transform<ImageBatch>): Transform<Example> =>
  (batch, context) =>
    transform(batch as ImageBatch, context);
