/** A trained network that classifies images, whichever recipe made it: what predict, serve, explain, export, compress and evaluate are given. */

import type { ImageClassifier } from "@dl/cnn";
import { type Device, type HostTensor, softmax, type Tensor, tensor } from "@dl/core";
import { arrayDataset, batches, type NormalizeOptions, normalize } from "@dl/data";
import { inference } from "@dl/nn";
import { UsageError } from "./command.ts";
import { type LoadedNetwork, loadWeights } from "./load-weights.ts";
import type { Augmentation, LabelledImages } from "./recipes/recipe.ts";
import { type AnyRun, isTaskRun, type RunFile } from "./run.ts";
import { modelFile } from "./run-files.ts";
import { augmentationOf, loadTestData, loadTrainingData, makeModel } from "./session.ts";

/** How such a network is used. */
export interface ClassifierUse {
  /** In the order of their labels. */
  readonly classNames: readonly string[];
  /** `[height, width, channels]` */
  readonly imageShape: readonly [number, number, number];
  /** How an image file of another shape was fitted for training, and so is for use. Default `"stretch"`. */
  readonly imageFit?: "crop" | "stretch" | undefined;
  /** Applied to every image, whose pixels are in [0, 1]. */
  readonly normalization: NormalizeOptions;
  /** Normalised `[B, H, W, C]` → logits `[B, classes]`. Default one forward pass in inference. */
  readonly logits?: ((model: ImageClassifier, images: Tensor) => Tensor) | undefined;
}

export interface Classifier extends ClassifierUse, LoadedNetwork {
  /** What the network was trained and is tested on, for work that goes on with it. */
  load(split: "train" | "test", options: { readonly signal: AbortSignal }): Promise<LabelledImages>;
  /** Changes to training images, before they are normalised. */
  augmentation(epoch: () => number): Augmentation;
  /** Of the loss it was trained with. */
  readonly labelSmoothing: number;
  /** Files of the run's folder that the model is not whole without. Default none. */
  readonly beside?: readonly string[];
}

/** How the recipe of a run uses its networks. */
export function useOf({ recipe, preset }: Pick<RunFile, "recipe" | "preset">): ClassifierUse {
  const { classNames, imageShape } = recipe.data;
  return { classNames, imageShape, normalization: preset.normalization, logits: preset.logits };
}

/**
 * The classifier of a run; its model is the caller's to free.
 *
 * @throws UsageError for a run that classifies no images; DataError for one that has not ended; CheckpointError for a damaged file.
 */
export async function loadClassifier(run: AnyRun, folder: string): Promise<Classifier> {
  if (isTaskRun(run)) {
    if (run.recipe.classifier === undefined) throw new UsageError(`expected a run that classifies images, got one of ${run.recipe.name}.`);
    await modelFile(folder);
    return await run.recipe.classifier(run, folder);
  }
  return {
    ...(await loadWeights(makeModel(run), await modelFile(folder))),
    ...useOf(run),
    load: async (split, options) => (split === "test" ? await loadTestData(run, options) : (await loadTrainingData(run, options)).train),
    augmentation: (epoch) => augmentationOf(run, epoch),
    labelSmoothing: run.preset.labelSmoothing,
  };
}

export function logitsOf({ model, logits }: Pick<Classifier, "model" | "logits">, images: Tensor): Tensor {
  return logits?.(model, images) ?? model.forward(images, inference);
}

/** Images `[N, H, W, C]` in [0, 1] as the network takes them. */
export function normalised(images: HostTensor, { normalization }: Pick<ClassifierUse, "normalization">): HostTensor {
  const count = images.shape[0]!;
  const labels: HostTensor = { shape: [count], dtype: "int32", data: new Int32Array(count) };
  return batches(arrayDataset({ images, labels }), { batchSize: count, transform: normalize(normalization) }).at(0).images;
}

/** Probabilities `[N, classes]` of images `[N, H, W, C]` in [0, 1]. */
export async function classify(images: HostTensor, classifier: Classifier, device: Device): Promise<HostTensor> {
  const normal = normalised(images, classifier);
  return (await device.compute(() => softmax(logitsOf(classifier, tensor(normal))))) as HostTensor;
}

/** Classes and their probabilities, the likeliest first. */
export function ranked(probabilities: ArrayLike<number>, classNames: readonly string[]): { name: string; probability: number }[] {
  return Array.from(probabilities, (probability, i) => ({ name: classNames[i]!, probability })).sort(
    (a, b) => b.probability - a.probability,
  );
}
