/** Makes the model of a run smaller, and measures what became of it. */

import {
  type CompressionReport,
  chooseChannels,
  compressedFile,
  cubicSparsity,
  factorise,
  foldBatchNorm,
  GradualPruning,
  type MeasureOptions,
  magnitudeMasks,
  magnitudePruning,
  measureModel,
  PruningMasks,
  type QuantisedModel,
  quantise,
  quantiseWeights,
  removeChannels,
  traceChannels,
} from "@dl/compress";
import { argmax, type Device, equal, mean, Rng, type Scalar } from "@dl/core";
import { batches, normalize, take } from "@dl/data";
import { AdamW, crossEntropy, schedules } from "@dl/nn";
import { type Callback, fit, NanStop, ShowProgress } from "@dl/train";
import { stderrTerminal } from "@dl/train/node";
import type { Classifier } from "./classifier.ts";
import { EpochClock } from "./epoch-clock.ts";
import { evaluateClassifier } from "./evaluation.ts";
import type { LabelledImages } from "./recipes/recipe.ts";

/** What is asked for; each that is undefined is left out. */
export interface CompressionPlan {
  /** Share of the channels that are removed. */
  readonly channels: number | undefined;
  /** Share of the squared singular values that low-rank layers keep. */
  readonly energy: number | undefined;
  /** Share of the weights that become 0. */
  readonly sparsity: number | undefined;
  readonly quantise: "int8" | "int4" | undefined;
  /** Passes over the training set after layers have changed, while pruning goes on. */
  readonly epochs: number;
  readonly learningRate: number;
}

export interface CompressionWork {
  plan: CompressionPlan;
  device: Device;
  signal: AbortSignal;
  /** Of training after layers have changed. */
  batchSize: number;
  seed: number;
}

export interface CompressionOutcome {
  readonly report: Pick<CompressionReport, "before" | "after">;
  /** The bytes of `model.safetensors`. */
  readonly file: Uint8Array;
  /** What was done, in words. */
  readonly steps: readonly string[];
}

/** Enough for ranges of activations. */
const calibrationImages = 512;

/**
 * Channels, factors, pruning with training, and rounding last, in that order.
 *
 * @param classifier  Its model is changed.
 */
export async function compressModel(
  classifier: Classifier,
  { bytes, ...work }: CompressionWork & { bytes: number },
): Promise<CompressionOutcome> {
  const { model } = classifier;
  const { plan, device, signal } = work;
  const where = { device, inputShape: classifier.imageShape };
  const isChanged = plan.channels !== undefined || plan.energy !== undefined || plan.sparsity !== undefined;
  // First of all: where training images may not be seen again, nothing is worked out in vain.
  const train = (isChanged && plan.epochs > 0) || plan.quantise === "int8" ? await classifier.load("train", { signal }) : undefined;
  const test = await classifier.load("test", { signal });
  const options: MeasureOptions = {
    ...where,
    evaluate: async () => {
      const { loss, accuracy } = await evaluateClassifier(classifier, { device, dataset: test, signal });
      return { "test/accuracy": accuracy, "test/loss": loss };
    },
  };
  const before = await measureModel(model, { ...options, bytes });
  const steps: string[] = [];
  if (plan.channels !== undefined) {
    const graph = await traceChannels(model, where);
    const groups = await chooseChannels(model, graph, { share: plan.channels });
    const sizes = await removeChannels(model, groups, where);
    steps.push(`${groups.length} of ${graph.groups.length} groups of channels removed, ${sizes.before} → ${sizes.after} parameters`);
  }
  if (plan.energy !== undefined) {
    const layers = await factorise(model, { energy: plan.energy });
    const factored = layers.flatMap(({ path, rank }) => (rank === undefined ? [] : [`${path} of rank ${rank}`]));
    steps.push(factored.length > 0 ? `factored ${factored.join(", ")}` : "no layer would become smaller by factoring");
  }
  if (isChanged) await trainOn(classifier, { ...work, train });
  signal.throwIfAborted();
  if (plan.sparsity !== undefined) steps.push(`${Math.round(100 * plan.sparsity)} % of the weights pruned by magnitude`);
  if (isChanged && plan.epochs > 0) steps.push(`trained for ${plan.epochs} more epochs`);
  let quantised: QuantisedModel | undefined;
  if (plan.quantise === "int4") {
    quantised = await quantiseWeights(model, { bits: 4, group: 32, range: "mse" });
    steps.push("weights rounded to int4 in groups of 32");
  } else if (plan.quantise === "int8") {
    const folded = await foldBatchNorm(model, where);
    if (folded.length > 0) steps.push(`${folded.length} normalisations folded`);
    const some = take(train!, Math.min(calibrationImages, train!.length));
    const calibration = [...batches(some, { batchSize: 128, transform: normalize(classifier.normalization) })].map(({ images }) => images);
    quantised = await quantise(model, { device, calibration, activations: "mse" });
    steps.push("weights and inputs of layers rounded to int8");
  }
  const after = await measureModel(quantised ?? model, options);
  return { report: { before, after }, file: await compressedFile(quantised ?? model), steps };
}

/** Trains the changed model on, unless there is nothing to train with, pruning in the first half where it is asked for; masks are made permanent. */
async function trainOn(
  classifier: Classifier,
  { plan, device, signal, batchSize, seed, train }: CompressionWork & { train: LabelledImages | undefined },
): Promise<void> {
  const { model, labelSmoothing } = classifier;
  const { sparsity, epochs, learningRate } = plan;
  const masks =
    sparsity === undefined ? undefined : new PruningMasks(model, await magnitudeMasks(model, { sparsity: epochs === 0 ? sparsity : 0 }));
  if (train !== undefined && epochs > 0) {
    const steps = epochs * Math.ceil(train.length / batchSize);
    const clock = new EpochClock();
    const callbacks: Callback[] = [clock, new ShowProgress({ terminal: stderrTerminal(), unit: "images" }), new NanStop()];
    if (masks) {
      const schedule = cubicSparsity({ final: sparsity!, end: Math.max(1, Math.round(steps / 2)) });
      const every = Math.max(1, Math.floor(steps / 40));
      callbacks.push(new GradualPruning({ pruning: magnitudePruning(model, { masks }), schedule, every }));
    }
    using optimizer = new AdamW(model.parameters(), { learningRate: schedules.cosine(learningRate, { steps }), weightDecay: 0.01 });
    await fit({
      ...{ device, model, optimizer, dataset: train, batchSize, epochs, callbacks, signal },
      rng: new Rng(seed).fork("compress"),
      transform: [...classifier.augmentation(() => clock.epoch), normalize(classifier.normalization)],
      step: ({ images, labels }, mode) => {
        const logits = model.forward(images, mode);
        const accuracy: Scalar = mean(equal(argmax(logits, -1), labels).cast("float32"));
        return { loss: crossEntropy(logits, labels, { labelSmoothing }), accuracy };
      },
    });
  }
  await masks?.makePermanent(device);
}
