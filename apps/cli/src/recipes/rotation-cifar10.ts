/** Quarter turns on CIFAR-10: the network is to say how far an image was turned. Gidaris, Singh, Komodakis 2018, "RotNet", arXiv:1803.07728. */

import type { ResNet } from "@dl/cnn";
import { hostTensor, type Rng, type Scalar, type Tensor } from "@dl/core";
import { type Example, flip, normalize, padCrop, type Transform } from "@dl/data";
import { cifar10Statistics } from "@dl/data/node";
import { crossEntropy, Linear, type Mode, Module } from "@dl/nn";
import { cifar10Data } from "./data.ts";
import { encoderFeatures, labelShares, onImages, smallEncoder } from "./pretext-parts.ts";
import { type SelfSupervisedPreset, selfSupervised } from "./self-supervised.ts";
import type { TaskRecipe } from "./task-recipe.ts";

/** The encoder with a head of four classes. */
class RotationPretext extends Module {
  readonly encoder: ResNet;
  readonly turn: Linear;

  constructor({ encoder, rng }: { encoder: ResNet; rng: Rng }) {
    super();
    this.encoder = encoder;
    this.turn = new Linear({ inputs: encoderFeatures, outputs: 4, rng });
  }

  forward(images: Tensor, mode: Mode): Tensor {
    return this.turn.forward(this.encoder.features(images, mode));
  }

  loss({ images, turns }: Readonly<Record<string, Tensor>>, mode: Mode): Scalar {
    return crossEntropy(this.forward(images!, mode), turns!);
  }
}

/** Turns each square image by none to three quarters, anticlockwise, and puts how many beside it as `turns`, int32 `[B]`. Random. */
export const quarterTurns: Transform<Example> = (batch, { rng }) => {
  const { shape, data } = batch.images!;
  const [count, side, , channels] = shape as [number, number, number, number];
  const turned = new Float32Array(data.length);
  const turns = new Int32Array(count);
  for (let row = 0; row < count; row++) {
    turns[row] = rng(row).integer(0, 4);
    const start = row * side * side * channels;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        let [fromY, fromX] = [y, x];
        // A quarter turn anticlockwise shows at (y, x) what was at (x, last − y).
        for (let turn = 0; turn < turns[row]!; turn++) [fromY, fromX] = [fromX, side - 1 - fromY];
        for (let c = 0; c < channels; c++) {
          turned[start + (y * side + x) * channels + c] = data[start + (fromY * side + fromX) * channels + c]!;
        }
      }
    }
  }
  batch.images = hostTensor(turned, shape);
  batch.turns = hostTensor(turns, [count]);
};

export const rotationCifar10: TaskRecipe<SelfSupervisedPreset> = selfSupervised({
  name: "rotation-cifar10",
  title: "Quarter turns on CIFAR-10",
  presets: [
    {
      name: "default",
      summary: "ResNet-8 at half the size learns to tell quarter turns without labels; then 1 %, 10 % and all labels, as simclr-cifar10.",
      defaults: { epochs: 40, batchSize: 128, learningRate: 2e-3 },
      encoder: smallEncoder,
      pretext: (encoder, rng) => new RotationPretext({ encoder, rng }),
      transform: [
        onImages(flip()),
        onImages(padCrop({ padding: 4, mode: "reflect" })),
        onImages(normalize(cifar10Statistics)),
        quarterTurns,
      ],
      data: cifar10Data,
      normalization: cifar10Statistics,
      shares: labelShares,
    },
  ],
});
