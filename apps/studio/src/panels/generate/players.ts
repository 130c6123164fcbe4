/** The two players of a GAN and the rules between them. In their full size they are the recipes of `dl train`. */

import type { HostTensor, Tensor } from "@dl/core";
import type { Example } from "@dl/data";
import {
  DcganDiscriminator,
  DcganGenerator,
  dcganMnist,
  dcganMnistBalanced,
  type FitGanOptions,
  fitGan,
  GanAlarm,
  GanPair,
  generateExamples,
  gradientPenalty,
  leastSquares,
  nonSaturating,
  wasserstein,
} from "@dl/gan";
import { Adam, schedules, WeightAverage } from "@dl/nn";
import type { Artist, ArtistContext } from "./artist.ts";
import type { GanMethod } from "./contract.ts";

const latentSize = 100;

/** Those of the recipe of the same name. */
const full = {
  dcgan: dcganMnistBalanced,
  lsgan: dcganMnistBalanced,
  "wgan-gp": { ...dcganMnistBalanced, discriminator: { ...dcganMnistBalanced.discriminator, batchNorm: false } },
} as const;

/** A fraction of the channels, for a page. */
const small = {
  generator: { ...dcganMnist.generator, startWidth: 48, widths: [32, 16] },
  discriminator: { ...dcganMnist.discriminator, widths: [16, 32] },
} as const;

type Rules = Pick<FitGanOptions<Example<"images" | "labels">>, "loss" | "penalty">;

/** `penalized`: the share of a batch that a critic's penalty is taken of. */
const rulesOf = (method: GanMethod, { penalized }: { penalized: number }): Rules => {
  switch (method) {
    case "dcgan":
      return { loss: nonSaturating() };
    case "lsgan":
      return { loss: leastSquares() };
    case "wgan-gp":
      return {
        loss: wasserstein(),
        penalty: ({ critic, real, fake, mode }) => gradientPenalty(critic, { real, fake, rng: mode.rng, share: penalized }),
      };
    default:
      return method satisfies never;
  }
};

export function playersOf(method: GanMethod, { device, settings, dataset, transform, rng, signal, emit }: ArtistContext): Artist {
  const { size, set, learningRate, batchSize, epochs } = settings;
  const networks = size === "full" ? full[method] : small;
  const generator = new DcganGenerator({ ...networks.generator, rng: rng.fork("generator") });
  const discriminator = new DcganDiscriminator({ ...networks.discriminator, rng: rng.fork("discriminator") });
  const isRecipe = size === "full" && set === "mnist" && method !== "lsgan";
  const stepsPerEpoch = Math.floor(dataset.length / batchSize);
  const rate = (initial: number) => (size === "full" ? schedules.linear(initial, { steps: Math.max(1, epochs * stepsPerEpoch) }) : initial);
  // A critic of distances steps at half the generator's rate at full size, as in the recipe; a small one takes the paper's five steps.
  const isCritic = method === "wgan-gp";
  const [ratio, discriminatorSteps] = !isCritic ? [1, 1] : size === "full" ? [0.5, 1] : [1, 5];
  const moments = isCritic ? { beta1: 0, beta2: 0.9 } : { beta1: 0.5 };
  const optimizers = {
    generator: new Adam(generator.parameters(), { learningRate: rate(learningRate), ...moments }),
    discriminator: new Adam(discriminator.parameters(), { learningRate: rate(ratio * learningRate), ...moments }),
  };
  const average = new WeightAverage(generator, { decay: isRecipe ? 0.999 : 0.98 });
  return {
    model: new GanPair(generator, discriminator),
    optimizer: optimizers.generator,
    criticParameters: discriminator.parameterCount,
    stepsPerEpoch,
    recipe: isRecipe ? `${method}-mnist` : undefined,
    ...{ generator, average, latentSize },
    draw: (latents: HostTensor) =>
      generateExamples({ device, latents, generate: (z: Tensor, { mode }) => generator.forward(z, mode), batchSize: 32, signal }),
    fit: ({ callbacks, resume }) =>
      fitGan({
        ...{
          device,
          generator,
          discriminator,
          optimizers,
          dataset,
          transform,
          signal,
          average,
          batchSize,
          epochs,
          discriminatorSteps,
          ...rulesOf(method, { penalized: size === "full" ? 0.25 : 1 }),
        },
        latent: latentSize,
        rng: rng.fork("fit"),
        callbacks: [new GanAlarm({ onWarning: ({ message }) => emit({ kind: "warning", text: message }) }), ...callbacks],
        ...(resume && { resume }),
      }),
    [Symbol.dispose]() {
      average[Symbol.dispose]();
      optimizers.generator[Symbol.dispose]();
      optimizers.discriminator[Symbol.dispose]();
      generator[Symbol.dispose]();
      discriminator[Symbol.dispose]();
    },
  };
}
