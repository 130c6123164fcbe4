/** Images into images, learned from pairs: `fitGan` with the given image in the place of latents, before the discriminator beside the other, and the distance from what was wanted. Isola et al. 2017, arXiv:1611.07004, section 3. */

import { DataError, hostTensor, type Tensor } from "@dl/core";
import type { Example } from "@dl/data";
import type { FitResult, Tensors } from "@dl/train";
import { reconstructionLoss } from "../models/pix2pix.ts";
import { type FitGanOptions, fitGan } from "./fit-gan.ts";

export interface FitPix2pixOptions<E extends Example>
  extends Omit<FitGanOptions<E>, "latent" | "field" | "generate" | "discriminate" | "condition" | "reconstruction"> {
  /** Field of the dataset that is given, images `[B, H, W, C]`. Default `inputs`. */
  from?: keyof E & string;
  /** Field of what is to be made of it, in [−1, 1], of the same height and width. Default `targets`. */
  to?: keyof E & string;
  /** Weight of the mean absolute difference beside the adversarial loss. Default 100, the paper's. */
  reconstructionWeight?: number;
}

/**
 * Trains a generator (`UnetGenerator`) to make the second image of each pair from the first, against a discriminator of both together
 * (`PatchDiscriminator`, whose `channels` are those of both).
 *
 * @throws What `fitGan` throws; DataError when a field is missing.
 * @example
 * await fitPix2pix({
 *   device, generator, discriminator, dataset, batchSize: 4, epochs: 20, rng: rng.fork("fit"),
 *   optimizers: {
 *     generator: new Adam(generator.parameters(), { learningRate: 2e-4, beta1: 0.5 }),
 *     discriminator: new Adam(discriminator.parameters(), { learningRate: 2e-4, beta1: 0.5 }),
 *   },
 * });
 */
export async function fitPix2pix<E extends Example>(options: FitPix2pixOptions<E>): Promise<FitResult> {
  const { from = "inputs", to = "targets", reconstructionWeight = 100, ...rest } = options;
  const { generator } = rest;
  const imageOf = (batch: Tensors<E>, field: string): Tensor => {
    const image = batch[field as keyof E];
    if (image) return image;
    throw new DataError(
      `fitPix2pix: expected a field ${JSON.stringify(field)} in the dataset, got ${Object.keys(batch).join(", ")}. Name it with \`from\` or \`to\`.`,
    );
  };
  return await fitGan<E>({
    ...rest,
    field: to as keyof E & string,
    // Chance is in the generator's dropout alone: section 3.2.
    latent: (count) => hostTensor(new Float32Array(count), [count, 1]),
    generate: (_, batch, mode) => (generator.forward as (image: Tensor, mode: unknown) => Tensor)(imageOf(batch, from), mode),
    condition: (batch) => imageOf(batch, from),
    reconstruction: (made, batch) => reconstructionLoss(made, imageOf(batch, to), { weight: reconstructionWeight }),
  });
}
