/** A diffusion model, and how much noise it finds. Ho et al. 2020, arXiv:2006.11239; drawn by DDIM, Song et al. 2021, arXiv:2010.02502. In its full size it is the recipe of `dl train`. */

import { type HostTensor, hostTensor, type Scalar, type Tensor, tensor } from "@dl/core";
import { batches } from "@dl/data";
import { Diffusion, DiffusionUnet, diffusionUnetMnist, spreadOf } from "@dl/gan";
import { AdamW, schedules, WeightAverage } from "@dl/nn";
import { fit } from "@dl/train";
import type { Artist, ArtistContext } from "./artist.ts";
import { gridCount, pictureSize } from "./contract.ts";

const diffusion = new Diffusion({ steps: 500 });
/** Of DDIM, while a training waits for the picture, and when none does. */
const steps = { hurried: 8, careful: 25 };
const latentSize = pictureSize * pictureSize;

/**
 * For a page on one thread of WebAssembly, where pictures of full size cost most: few channels for those. A step of 32 pictures takes
 * 0.15 s of the processor's time, and strokes show after some 200 of them, in half a minute; with 16, 24, 32 channels and batches of
 * 64 a step took 0.52 s.
 */
const small = { ...diffusionUnetMnist, widths: [8, 16, 32] } as const;

/** Pictures in which the noise is sought: enough for two digits. */
const measured = 16;
/** Times at which it is measured how much of the noise is found, as shares of all. */
const levels = { littleNoise: 0.1, halfNoise: 0.5, muchNoise: 0.9 } as const;

export function denoiserOf({ device, settings, dataset, transform, rng, signal }: ArtistContext): Artist {
  const { size, set, learningRate, batchSize, epochs } = settings;
  const isRecipe = size === "full" && set === "mnist";
  const network = new DiffusionUnet({ ...(size === "full" ? diffusionUnetMnist : small), rng: rng.fork("generator") });
  const stepsPerEpoch = Math.ceil(dataset.length / batchSize);
  const all = epochs * stepsPerEpoch;
  const optimizer = new AdamW(network.parameters(), {
    learningRate: schedules.warmUp(schedules.cosine(learningRate, { steps: all }), { steps: Math.min(200, all) }),
    weightDecay: 0,
  });
  const average = new WeightAverage(network, { decay: isRecipe ? 0.999 : 0.99 });
  const denoise = (images: Tensor, times: Tensor): Tensor => network.forward(images, times);
  // The same pictures and the same noise at every reading: what changes is the network.
  const { images: real } = batches(dataset, { batchSize: Math.min(gridCount, dataset.length), transform }).at(0);
  const count = Math.min(measured, real.shape[0]!);
  const few = hostTensor(real.data.slice(0, count * latentSize), [count, ...real.shape.slice(1)]);
  const noise = rng.fork("measured noise").normal(few.shape);

  /** The share of the noise's variance that the network finds at time `t`. Inside `compute`. */
  const found = (t: number): Scalar => {
    const left = diffusion.signal[t]!;
    const noisy = tensor(few)
      .mul(Math.sqrt(left))
      .add(tensor(noise).mul(Math.sqrt(1 - left)));
    const times = tensor(hostTensor(new Float32Array(count).fill(diffusion.timeOf(t)), [count]));
    return denoise(noisy, times).sub(tensor(noise)).square().mean().neg().add(1);
  };

  return {
    ...{ model: network, generator: network, optimizer, average, latentSize, stepsPerEpoch },
    criticParameters: undefined,
    recipe: isRecipe ? "ddpm-mnist" : undefined,
    draw: (latents: HostTensor, { isHurried }) =>
      diffusion.sample(denoise, hostTensor(latents.data as Float32Array, [latents.shape[0]!, pictureSize, pictureSize, 1]), {
        ...{ device, signal, steps: isHurried ? steps.hurried : steps.careful },
      }),
    fit: ({ callbacks, resume }) =>
      fit({
        ...{ device, model: network, optimizer, average, dataset, transform, signal, batchSize, epochs, callbacks, clipNorm: 1 },
        rng: rng.fork("fit"),
        step({ images }, mode) {
          if (!mode.training) throw new TypeError("the loss of a diffusion model is drawn in training only");
          return diffusion.loss(denoise, images, { rng: mode.rng });
        },
        ...(resume && { resume }),
      }),
    async judge(drawn) {
      return await device.compute(() => {
        const [ours, theirs] = [spreadOf(tensor(drawn)), spreadOf(tensor(real))];
        return {
          diversity: ours.pairwise.div(theirs.pairwise),
          nearest: ours.nearest.div(theirs.nearest),
          ...(Object.fromEntries(
            Object.entries(levels).map(([name, share]) => [name, found(Math.round(share * (diffusion.steps - 1)))]),
          ) as {
            [K in keyof typeof levels]: Scalar;
          }),
        };
      });
    },
    [Symbol.dispose]() {
      average[Symbol.dispose]();
      optimizer[Symbol.dispose]();
      network[Symbol.dispose]();
    },
  };
}
