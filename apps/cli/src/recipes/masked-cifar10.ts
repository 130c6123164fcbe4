/** Masked images on CIFAR-10: hidden patches are to be filled in. Xie et al. 2021, "SimMIM", arXiv:2111.09886. */

import { type MaskedBatch, MaskedImages, patchMasks, type ResNet } from "@dl/cnn";
import { hostTensor, type Rng, type Scalar, type Tensor } from "@dl/core";
import { type Example, flip, normalize, padCrop, type Transform } from "@dl/data";
import { cifar10Statistics } from "@dl/data/node";
import { type Mode, Module } from "@dl/nn";
import { cifar10Data } from "./data.ts";
import { encoderFeatures, encoderStride, labelShares, onImages, smallEncoder } from "./pretext-parts.ts";
import { type SelfSupervisedPreset, selfSupervised } from "./self-supervised.ts";
import type { TaskRecipe } from "./task-recipe.ts";

/** `MaskedImages`, for a batch by names. */
class MaskedPretext extends Module {
  readonly model: MaskedImages<ResNet>;

  constructor({ encoder, rng }: { encoder: ResNet; rng: Rng }) {
    super();
    this.model = new MaskedImages({ encoder, features: encoderFeatures, stride: encoderStride, rng });
  }

  get encoder(): ResNet {
    return this.model.encoder;
  }

  forward(batch: MaskedBatch, mode: Mode): Tensor {
    return this.model.forward(batch, mode);
  }

  loss({ images, mask }: Readonly<Record<string, Tensor>>, mode: Mode): Scalar {
    return this.model.loss({ images: images!, mask: mask! }, mode);
  }
}

/** Puts a mask `[B, 32, 32, 1]` beside the images: 60 % of the 4×4 patches, as the paper finds good. */
const hidePatches: Transform<Example> = (batch, { rng }) => {
  const [count, side] = batch.images!.shape as [number, number];
  const masks = new Float32Array(count * side * side);
  for (let row = 0; row < count; row++) masks.set(patchMasks(1, { side, patch: 4, ratio: 0.6, rng: rng(row) }), row * side * side);
  batch.mask = hostTensor(masks, [count, side, side, 1]);
};

export const maskedCifar10: TaskRecipe<SelfSupervisedPreset> = selfSupervised({
  name: "masked-cifar10",
  title: "Masked images on CIFAR-10",
  presets: [
    {
      name: "default",
      summary:
        "ResNet-8 at half the size learns to fill in hidden patches without labels; then 1 %, 10 % and all labels, as simclr-cifar10.",
      defaults: { epochs: 60, batchSize: 128, learningRate: 2e-3 },
      encoder: smallEncoder,
      pretext: (encoder, rng) => new MaskedPretext({ encoder, rng }),
      transform: [
        onImages(flip()),
        onImages(padCrop({ padding: 4, mode: "reflect" })),
        onImages(normalize(cifar10Statistics)),
        hidePatches,
      ],
      data: cifar10Data,
      normalization: cifar10Statistics,
      shares: labelShares,
    },
  ],
});
