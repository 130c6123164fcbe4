/** DCGANs told which class to make: by labels beside the inputs (Mirza and Osindero 2014, arXiv:1411.1784), or by a classifier in the discriminator (Odena et al. 2017, arXiv:1610.09585). */

import { broadcastTo, concat, oneHot, ShapeError, Tensor } from "@dl/core";
import { Linear, type Mode, Module } from "@dl/nn";
import { missingLabels } from "../layers/missing-labels.ts";
import { DcganDiscriminator, type DcganDiscriminatorOptions, DcganGenerator, type DcganGeneratorOptions } from "./dcgan.ts";

/** Latents `[B, latent]` and labels `[B]` → images: the one-hot label stands beside the latent vector. */
export class ConditionalGenerator extends Module {
  readonly network: DcganGenerator;
  readonly latent: number;
  readonly classes: number;

  constructor({ classes, latent = 100, ...options }: DcganGeneratorOptions & { classes: number }) {
    super();
    this.network = new DcganGenerator({ ...options, latent: latent + classes });
    this.latent = latent;
    this.classes = classes;
  }

  forward(latents: Tensor, labels: Tensor, mode: Mode): Tensor {
    checkLabels("ConditionalGenerator", latents, labels);
    const wanted = rowsOfLabels(labels, this.classes).cast(latents.dtype); // [B, classes]
    return this.network.forward(concat([latents, wanted], { axis: 1 }), mode);
  }
}

/** Images and labels `[B]` → scores `[B]`: the label is a plane of ones among planes of zeros, beside the image's channels. */
export class ConditionalDiscriminator extends Module {
  readonly network: DcganDiscriminator;
  readonly classes: number;

  constructor({ classes, channels, ...options }: DcganDiscriminatorOptions & { classes: number }) {
    super();
    this.network = new DcganDiscriminator({ ...options, channels: channels + classes });
    this.classes = classes;
  }

  forward(images: Tensor, labels: Tensor, mode: Mode): Tensor {
    checkLabels("ConditionalDiscriminator", images, labels);
    const [batch, height, width] = images.shape as readonly [number, number, number];
    const planes = rowsOfLabels(labels, this.classes).cast(images.dtype).reshape([batch, 1, 1, this.classes]);
    return this.network.forward(concat([images, broadcastTo(planes, [batch, height, width, this.classes])], { axis: 3 }), mode);
  }
}

/**
 * Images → scores `[B]` and, under `classes`, logits `[B, classes]`: AC-GAN's. Goes with `ConditionalGenerator`.
 *
 * @example
 * const auxiliary: FitGanOptions<{ images: HostTensor; labels: HostTensor }>["auxiliary"] = ({ classes }, { labels }) => crossEntropy(classes!, labels);
 */
export class AuxiliaryDiscriminator extends Module {
  readonly network: DcganDiscriminator;
  readonly classify: Linear;

  constructor({ classes, rng, ...options }: DcganDiscriminatorOptions & { classes: number }) {
    super();
    this.network = new DcganDiscriminator({ ...options, rng: rng.fork("network") });
    const features = this.network.score.weight.shape[0]!;
    this.classify = new Linear({ inputs: features, outputs: classes, rng: rng.fork("classify") });
  }

  forward(images: Tensor, mode: Mode): { readonly scores: Tensor; readonly classes: Tensor } {
    const features = this.network.features(images, mode);
    return { scores: this.network.score.forward(features).reshape([-1]), classes: this.classify.forward(features) };
  }
}

/** One-hot rows; NaN for a label that is no class, as in `crossEntropy`: zeros would train a class that nobody asked for. */
function rowsOfLabels(labels: Tensor, classes: number): Tensor {
  const rows = oneHot(labels, classes);
  return rows.div(rows.sum(1, { keepDims: true }));
}

function checkLabels(where: string, x: Tensor, labels: Tensor): void {
  if (!(labels instanceof Tensor)) throw missingLabels(where, "labels [B] as its second input, an int32 tensor");
  if (labels.rank === 1 && labels.shape[0] === x.shape[0] && labels.dtype === "int32") return;
  throw new ShapeError(
    `${where}: expected int32 labels [${x.shape[0]}], one an example, got ${labels.dtype} [${labels.shape.join(", ")}].`,
  );
}
