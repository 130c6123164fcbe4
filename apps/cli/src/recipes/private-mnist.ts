/**
 * MNIST under differential privacy: the small network with tanh of Papernot et al. 2021, "Tempered sigmoid activations for deep
 * learning with differential privacy", arXiv:2007.14191, table 1. Bounded activations keep gradients short, so that clipping takes less.
 */

import { join } from "node:path";
import type { ImageClassifier } from "@dl/cnn";
import { argmax, equal, flatten, maxPool2d, mean, Rng, type Tensor, tanh } from "@dl/core";
import { normalize, take } from "@dl/data";
import { mnistStatistics } from "@dl/data/node";
import { Conv2d, crossEntropy, inference, Linear, Module, readState, Sgd, writeSafetensors } from "@dl/nn";
import { fitPrivately, noiseForBudget } from "@dl/privacy";
import { evaluate, type Metrics } from "@dl/train";
import { UsageError } from "../command.ts";
import { type LoadedNetwork, loadWeights } from "../load-weights.ts";
import { modelName } from "../run.ts";
import { showDownload } from "../session.ts";
import { endOf, folderRun, writeTaskReport } from "../task-training.ts";
import { mnistData } from "./data.ts";
import type { LabelledImages } from "./recipe.ts";
import type { TaskContext, TaskPreset, TaskRecipe, TaskResult, TaskRun, TaskTraining } from "./task-recipe.ts";

export interface PrivatePreset extends TaskPreset {
  /** The budget of the whole run. */
  readonly epsilon: number;
  readonly delta: number;
  /** Longest gradient of an example. */
  readonly maxNorm: number;
}

/** 26,010 weights: noise is added to each, so fewer are better. */
export class TanhNetwork extends Module {
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor(rng: Rng) {
    super();
    this.conv1 = new Conv2d({ inputs: 1, outputs: 16, kernelSize: 8, stride: 2, padding: 3, rng: rng.fork("conv1") });
    this.conv2 = new Conv2d({ inputs: 16, outputs: 32, kernelSize: 4, stride: 2, rng: rng.fork("conv2") });
    this.fc1 = new Linear({ inputs: 32 * 4 * 4, outputs: 32, rng: rng.fork("fc1") });
    this.fc2 = new Linear({ inputs: 32, outputs: 10, rng: rng.fork("fc2") });
  }

  /** `[B, 28, 28, 1]` → logits `[B, 10]`. */
  forward(images: Tensor): Tensor {
    let x = maxPool2d(tanh(this.conv1.forward(images)), { kernelSize: 2, stride: 1 }); // [B, 13, 13, 16]
    x = maxPool2d(tanh(this.conv2.forward(x)), { kernelSize: 2, stride: 1 }); // [B, 4, 4, 32]
    return this.fc2.forward(tanh(this.fc1.forward(flatten(x))));
  }
}

async function testImages({ settings }: TaskRun, signal: AbortSignal): Promise<LabelledImages> {
  const all = await mnistData.load("test", { onProgress: showDownload, signal });
  return settings.limit === null ? all : take(all, settings.limit);
}

function networkIn({ settings }: TaskRun, folder: string): Promise<LoadedNetwork> {
  return loadWeights(new TanhNetwork(new Rng(settings.seed).fork("init")), join(folder, modelName));
}

/** Loss and accuracy on the test set. */
async function measure(run: TaskRun, model: ImageClassifier, { device, signal }: TaskContext): Promise<Metrics> {
  const dataset = await testImages(run, signal);
  const { loss, accuracy } = await evaluate({
    device,
    dataset,
    signal,
    transform: normalize(mnistStatistics),
    step: ({ images, labels }) => {
      const logits = model.forward(images, inference);
      return { loss: crossEntropy(logits, labels), accuracy: mean(equal(argmax(logits, -1), labels).cast("float32")) };
    },
  });
  return { "test/loss": loss, "test/accuracy": accuracy };
}

async function train(run: TaskRun<PrivatePreset>, { device, folder, resume, signal }: TaskTraining): Promise<TaskResult> {
  const { preset, settings } = run;
  const { epsilon, delta, maxNorm } = preset;
  const { epochs, batchSize, learningRate } = settings;
  const rng = new Rng(settings.seed);
  const all = await mnistData.load("train", { onProgress: showDownload, signal });
  const dataset = settings.limit === null ? all : take(all, settings.limit);
  const steps = epochs * Math.ceil(dataset.length / batchSize);
  using model = new TanhNetwork(rng.fork("init"));
  using optimizer = new Sgd(model.parameters(), { learningRate, momentum: 0.9 });
  const noiseMultiplier = noiseForBudget({ epsilon, delta, sampleRate: batchSize / dataset.length, steps });
  console.error(`ε ${epsilon} at δ ${delta}: noise multiplier ${noiseMultiplier} over ${steps} steps`);
  const { callbacks, saved, stopwatch } = await folderRun({ folder, resume, unit: "images", model, optimizer });
  const fitted = await fitPrivately({
    ...{ device, model, optimizer, dataset, batchSize, epochs, maxNorm, noiseMultiplier, delta, callbacks, signal },
    rng: rng.fork("fit"),
    // The published statistics of MNIST: two numbers that the budget does not count, as in the paper.
    transform: normalize(mnistStatistics),
    losses: ({ images, labels }) => crossEntropy(model.forward(images), labels, { reduction: "none" }),
    ...(saved && { resume: saved }),
  });
  const { history, steps: done } = fitted;
  const reason = endOf(fitted);
  const timed = { history, reason, steps: done, seconds: stopwatch.seconds };
  if (reason === "stopped") return { ...timed, metrics: undefined };
  await folder.write(
    modelName,
    writeSafetensors(await readState(model), { metadata: { reason, epsilon: String(fitted.epsilon), delta: String(delta) } }),
  );
  const metrics = { ...(await measure(run, model, { device, signal })), epsilon: fitted.epsilon };
  const result = { ...timed, metrics };
  await writeTaskReport(run, result, { folder, device: device.name, charted: ["loss", "clipped", "epsilon"] });
  return result;
}

export const privateMnist: TaskRecipe<PrivatePreset> = {
  name: "private-mnist",
  title: "MNIST with differential privacy",
  presets: [
    {
      name: "default",
      summary: "DP-SGD within ε 3 at δ 1e-5: a small network with tanh, Poisson samples, gradients clipped to 0.1.",
      defaults: { epochs: 25, batchSize: 512, learningRate: 0.5 },
      goals: { "test/accuracy": { atLeast: 0.96 }, epsilon: { atMost: 3 } },
      epsilon: 3,
      delta: 1e-5,
      maxNorm: 0.1,
    },
  ],
  train,
  async classifier(run, folder) {
    const { classNames, imageShape } = mnistData;
    return {
      ...(await networkIn(run, folder)),
      ...{ classNames, imageShape, normalization: mnistStatistics, labelSmoothing: 0 },
      load: async (split, { signal }) => {
        // What looks at training images again, without noise, tells more of them than ε allows.
        if (split === "train") {
          throw new UsageError(
            "private-mnist: expected work that sees no training image, for the budget is spent, got training or calibration. Take --quantise int4, or --prune and --low-rank with --epochs 0.",
          );
        }
        return await testImages(run, signal);
      },
      augmentation: () => [],
    };
  },
  async evaluate(run, { device, signal, folder }) {
    const { model } = await networkIn(run, folder);
    using _model = model;
    return await measure(run, model, { device, signal });
  },
};
