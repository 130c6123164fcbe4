/** Denoising diffusion on MNIST: the yardstick beside the GANs. Ho et al. 2020, arXiv:2006.11239; drawn by DDIM, Song et al. 2021, arXiv:2010.02502. */

import { Rng, scope, type Tensor } from "@dl/core";
import { take } from "@dl/data";
import { Diffusion, DiffusionUnet, diffusionUnetMnist as network } from "@dl/gan";
import { AdamW, schedules, WeightAverage } from "@dl/nn";
import { showDownload } from "../session.ts";
import { fitInFolder, writeTaskReport } from "../task-training.ts";
import { mnistData } from "./data.ts";
import { type GenerativePreset, loadGenerator, toTanhRange, writeGenerator } from "./generative-recipe.ts";
import { GeneratorScorer } from "./generator-scores.ts";
import type { TaskRecipe, TaskResult, TaskRun, TaskTraining } from "./task-recipe.ts";

const diffusion = new Diffusion({ steps: 500 });
const samplingSteps = 25;

/** From latents, which are the noise itself, to images: DDIM, the same each time. */
function draw(network: DiffusionUnet, latents: Tensor): Tensor {
  const [height, width, channels] = mnistData.imageShape;
  const path = diffusion.path(samplingSteps);
  return path.reduce(
    (images, t, i) => scope(() => diffusion.step((x, times) => network.forward(x, times), images, { t, next: path[i + 1] ?? -1 })),
    latents.reshape([-1, height, width, channels]),
  );
}

async function train(run: TaskRun<GenerativePreset>, { device, folder, resume, signal }: TaskTraining): Promise<TaskResult> {
  const { preset, settings } = run;
  using scorer = await GeneratorScorer.open(run, { device, signal });
  const all = await preset.data.load("train", { onProgress: showDownload, signal });
  const dataset = settings.limit === null ? all : take(all, settings.limit);
  using model = preset.generator(new Rng(settings.seed).fork("generator")) as DiffusionUnet;
  const steps = settings.epochs * Math.ceil(dataset.length / settings.batchSize);
  using optimizer = new AdamW(model.parameters(), {
    learningRate: schedules.warmUp(schedules.cosine(settings.learningRate, { steps }), { steps: Math.min(200, steps) }),
    weightDecay: 0,
  });
  using average = new WeightAverage(model, { decay: 0.999 });
  const fitted = await fitInFolder(run, {
    ...{ device, folder, resume, signal, model, optimizer, average, dataset, unit: "images", clipNorm: 1 },
    transform: toTanhRange(preset),
    step: ({ images }, mode) => {
      if (!mode.training) throw new TypeError("ddpm-mnist: its loss is drawn in training only");
      return diffusion.loss((x, times) => model.forward(x, times), images, { rng: mode.rng });
    },
  });
  if (fitted.reason === "stopped") return { ...fitted, metrics: undefined };
  await writeGenerator(model, { folder, reason: fitted.reason });
  const { scores, metrics } = await scorer.scores(model);
  const result = { ...fitted, metrics };
  await folder.write("scores.json", `${JSON.stringify(scores, null, 2)}\n`);
  await writeTaskReport(run, result, { folder, device: device.name, charted: ["loss"] });
  return result;
}

export const ddpmMnist: TaskRecipe<GenerativePreset> = {
  name: "ddpm-mnist",
  title: "DDPM on MNIST",
  presets: [
    {
      name: "default",
      summary: "A U-Net of half a million weights, 500 steps of noise, drawn by DDIM in 25; scored on 2,000 images.",
      defaults: { epochs: 10, batchSize: 64, learningRate: 1e-3 },
      data: mnistData,
      extractor: "mnist",
      latent: 784,
      isConditional: false,
      scored: 2000,
      generator: (rng) => new DiffusionUnet({ ...network, rng }),
      draw: (generator, { latents }) => draw(generator as DiffusionUnet, latents),
    },
  ],
  train,
  async evaluate(run, { device, signal, folder }) {
    using scorer = await GeneratorScorer.open(run, { device, signal });
    using generator = await loadGenerator(run, folder);
    return (await scorer.scores(generator)).metrics;
  },
};
