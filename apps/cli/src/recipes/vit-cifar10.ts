/** A vision transformer on CIFAR-10 from scratch. Dosovitskiy et al. 2020, arXiv:2010.11929; small images and few of them as Lee et al. 2021, arXiv:2112.13492, have them. */

import { join } from "node:path";
import { argmax, equal, type HostTensor, mean, Rng } from "@dl/core";
import { type Dataset, type ExampleOf, flip, normalize, padCrop, randAugment, split, take } from "@dl/data";
import { cifar10Classes, cifar10Statistics } from "@dl/data/node";
import { ConfusionMatrix, classificationReport } from "@dl/metrics";
import { crossEntropy, inference } from "@dl/nn";
import { evaluate } from "@dl/train";
import { vitCifar10 as network, ViT, type ViTPreset } from "@dl/transformer";
import { loadFolder } from "@dl/transformer/node";
import { isCompressedModel, type LoadedNetwork, loadWeights } from "../load-weights.ts";
import { modelName } from "../run.ts";
import { showDownload } from "../session.ts";
import { cifar10Data } from "./data.ts";
import { writeModelFolder } from "./model-folder.ts";
import { type ModelData, type ModelPreset, modelRecipe } from "./model-recipe.ts";
import type { Augmentation, LabelledImages } from "./recipe.ts";
import type { TaskContext, TaskRecipe, TaskRun } from "./task-recipe.ts";

type Images = ExampleOf<LabelledImages>;

interface ImagePreset extends ModelPreset {
  readonly network: ViTPreset;
  readonly labelSmoothing: number;
}

interface ImageData extends ModelData<Images> {
  readonly validation: Dataset<Images>;
  readonly test: Dataset<Images>;
}

async function accuracyOf(model: ViT, dataset: Dataset<Images>, { device, signal }: TaskContext) {
  const confusion = new ConfusionMatrix({ classes: cifar10Classes.length });
  const { loss, accuracy } = await evaluate({
    ...{ device, signal, dataset, batchSize: 100, transform: normalize(cifar10Statistics) },
    step({ images, labels }) {
      const logits = model.forward(images, inference);
      const predictions = argmax(logits, -1);
      return { loss: crossEntropy(logits, labels), accuracy: mean(equal(predictions, labels).cast("float32")), predictions };
    },
    onBatch: ({ labels }, { predictions }) => confusion.update({ labels: labels.data, predictions: (predictions as HostTensor).data }),
  });
  return { loss, accuracy, classification: classificationReport(confusion.result(), { names: cifar10Classes }) };
}

/** A folder as transformers keeps it, or what `dl compress` has made of one. */
async function networkIn(folder: string, { network }: ImagePreset): Promise<LoadedNetwork & { readonly model: ViT }> {
  const file = join(folder, modelName);
  if (!(await isCompressedModel(file))) return { model: await loadFolder(folder, ViT), rounding: undefined };
  const model = new ViT({ ...network, labels: cifar10Classes, rng: new Rng(1) });
  const { rounding } = await loadWeights(model, file);
  return { model, rounding };
}

// A transformer has to be told what does not matter in a picture.
const augmentation: Augmentation = [flip(), padCrop({ padding: 4 }), randAugment({ magnitude: 9 })];

async function loadImages(
  { settings }: TaskRun,
  { split, signal }: { split: "train" | "test"; signal: AbortSignal },
): Promise<LabelledImages> {
  const all = await cifar10Data.load(split, { onProgress: showDownload, signal });
  return settings.limit === null ? all : take(all, settings.limit);
}

export const vitCifar10: TaskRecipe<ImagePreset> = modelRecipe<ImagePreset, Images, ImageData, ViT>({
  name: "vit-cifar10",
  title: "ViT on CIFAR-10",
  unit: "images",
  store: { write: writeModelFolder, read: async (folder, { preset }) => (await networkIn(folder, preset)).model },
  charted: ["loss", "accuracy"],
  presets: [
    {
      name: "default",
      summary: "1.8 million parameters on patches of 4×4, from scratch: learned for 100 epochs.",
      defaults: { epochs: 100, batchSize: 128, learningRate: 1e-3 },
      goals: { "test/accuracy": { atLeast: 0.8 } },
      network: { ...network, dropout: 0.1 },
      labelSmoothing: 0.1,
      warmUpShare: 0.05,
      weightDecay: 0.05,
    },
  ],
  async load(run, { signal }) {
    const all = await loadImages(run, { split: "train", signal });
    const { train, validation } = split(all, {
      fractions: { train: 0.98, validation: 0.02 },
      rng: new Rng(run.settings.seed).fork("split"),
      stratify: "labels",
    });
    const test = await loadImages(run, { split: "test", signal });
    return { validation, test, train: { dataset: train, transform: [...augmentation, normalize(cifar10Statistics)] } };
  },
  async classifier(run, folder) {
    const { classNames, imageShape } = cifar10Data;
    return {
      ...(await networkIn(folder, run.preset)),
      ...{ classNames, imageShape, normalization: cifar10Statistics, labelSmoothing: run.preset.labelSmoothing },
      load: (split, { signal }) => loadImages(run, { split, signal }),
      augmentation: () => augmentation,
    };
  },
  model: ({ preset }, { rng }) => new ViT({ ...preset.network, labels: cifar10Classes, rng }),
  loss(model, { images, labels }, { mode, preset: { labelSmoothing } }) {
    const logits = model.forward(images, mode);
    return { loss: crossEntropy(logits, labels, { labelSmoothing }), accuracy: mean(equal(argmax(logits, -1), labels).cast("float32")) };
  },
  async validate(model, { data, ...work }) {
    const { loss, accuracy } = await accuracyOf(model, data.validation, work);
    return { loss, accuracy };
  },
  async measure(model, { data, ...work }) {
    const { loss, accuracy, classification } = await accuracyOf(model, data.test, work);
    return { metrics: { "test/accuracy": accuracy, "test/loss": loss }, classification };
  },
});
