/** A vision transformer on CIFAR-10 from scratch. Dosovitskiy et al. 2020, arXiv:2010.11929; small images and few of them as Lee et al. 2021, arXiv:2112.13492, have them. */

import { argmax, equal, type HostTensor, mean, Rng } from "@dl/core";
import { type Dataset, type ExampleOf, flip, normalize, padCrop, randAugment, split, take } from "@dl/data";
import { cifar10Classes, cifar10Statistics } from "@dl/data/node";
import { ConfusionMatrix, classificationReport } from "@dl/metrics";
import { crossEntropy, inference } from "@dl/nn";
import { evaluate } from "@dl/train";
import { vitCifar10 as network, ViT, type ViTPreset } from "@dl/transformer";
import { showDownload } from "../session.ts";
import { cifar10Data } from "./data.ts";
import { folderOf, type ModelData, type ModelPreset, modelRecipe } from "./model-recipe.ts";
import type { LabelledImages } from "./recipe.ts";
import type { TaskContext, TaskRecipe } from "./task-recipe.ts";

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

export const vitCifar10: TaskRecipe<ImagePreset> = modelRecipe<ImagePreset, Images, ImageData, ViT>({
  name: "vit-cifar10",
  title: "ViT on CIFAR-10",
  unit: "images",
  store: folderOf(ViT),
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
  async load({ settings }, { signal }) {
    const limited = (dataset: LabelledImages) => (settings.limit === null ? dataset : take(dataset, settings.limit));
    const read = async (split: "train" | "test") => limited(await cifar10Data.load(split, { onProgress: showDownload, signal }));
    const [all, test] = [await read("train"), await read("test")];
    const { train, validation } = split(all, {
      fractions: { train: 0.98, validation: 0.02 },
      rng: new Rng(settings.seed).fork("split"),
      stratify: "labels",
    });
    // A transformer has to be told what does not matter in a picture.
    const transform = [flip(), padCrop({ padding: 4 }), randAugment({ magnitude: 9 }), normalize(cifar10Statistics)];
    return { validation, test, train: { dataset: train, transform } };
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
