/** Contrastive learning on CIFAR-10: two views of an image are to be alike, those of others not. Chen et al. 2020, "SimCLR", arXiv:2002.05709. */

import type { ResNet } from "@dl/cnn";
import { concat, type Rng, relu, type Scalar, split, type Tensor } from "@dl/core";
import { type Example, normalize, type Transform } from "@dl/data";
import { cifar10Statistics } from "@dl/data/node";
import { Linear, type Mode, Module, ntXent } from "@dl/nn";
import { cifar10Data } from "./data.ts";
import { encoderFeatures, labelShares, smallEncoder } from "./pretext-parts.ts";
import { type SelfSupervisedPreset, selfSupervised } from "./self-supervised.ts";
import type { TaskRecipe } from "./task-recipe.ts";
import { twoViews } from "./two-views.ts";

/** The encoder with a head that is thrown away: two layers, on whose output the views are compared. Section 4.2. */
class SimClr extends Module {
  readonly encoder: ResNet;
  readonly hidden: Linear;
  readonly project: Linear;

  constructor({ encoder, features, size, rng }: { encoder: ResNet; features: number; size: number; rng: Rng }) {
    super();
    this.encoder = encoder;
    this.hidden = new Linear({ inputs: features, outputs: features, rng: rng.fork("hidden") });
    this.project = new Linear({ inputs: features, outputs: size, rng: rng.fork("project") });
  }

  forward(images: Tensor, mode: Mode): Tensor {
    return this.project.forward(relu(this.hidden.forward(this.encoder.features(images, mode))));
  }

  loss({ first, second }: Readonly<Record<string, Tensor>>, mode: Mode): Scalar {
    // Both in one batch: batch norm must not tell them apart.
    const views = this.forward(concat([first!, second!], { axis: 0 }), mode); // [2 B, size]
    const [a, b] = split(views, 2, { axis: 0 }) as [Tensor, Tensor];
    return ntXent(a, b, { temperature: 0.5 });
  }
}

/** Brings both views to mean 0 and deviation 1. */
const normalizeViews: Transform<Example> = (batch, context) => {
  const one = normalize(cifar10Statistics);
  for (const images of [batch.first!, batch.second!]) one({ images }, context);
};

export const simclrCifar10: TaskRecipe<SelfSupervisedPreset> = selfSupervised({
  name: "simclr-cifar10",
  title: "SimCLR on CIFAR-10",
  presets: [
    {
      name: "default",
      summary:
        "ResNet-8 at half the size learns from pairs of views without labels; then 1 %, 10 % and all labels: probe, fine-tuned, distilled, from scratch.",
      defaults: { epochs: 60, batchSize: 256, learningRate: 2e-3 },
      goals: { "distilled gain over scratch 10 %": { atLeast: 0.05 } },
      encoder: smallEncoder,
      pretext: (encoder, rng) => new SimClr({ encoder, features: encoderFeatures, size: 64, rng }),
      transform: [twoViews(), normalizeViews],
      data: cifar10Data,
      normalization: cifar10Statistics,
      // SimCLRv2's last step, for the share that the floor is about.
      shares: labelShares.map((share) => (share.share === 0.1 ? { ...share, distillation: { rounds: 3, epochs: 15 } } : share)),
    },
  ],
});
