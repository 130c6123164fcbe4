/**
 * A trained network for the images in a folder: first a new last layer on features that stay, then all of it at a low rate.
 * Yosinski et al. 2014, arXiv:1411.1792; in this order as Kumar et al. 2022, arXiv:2202.10054.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ImageClassifier, MobileNetV2, mobilenetV2, ResNet, resnet18, resnet20 } from "@dl/cnn";
import { argmax, DataError, DlError, equal, mean, Rng, type Tensor } from "@dl/core";
import { flip, type NormalizeOptions, normalize, padCrop } from "@dl/data";
import { cifar10Statistics } from "@dl/data/node";
import { AdamW, crossEntropy, decayGroups, inference, type Module, readState, schedules, writeSafetensors } from "@dl/nn";
import { EarlyStopping, evaluate } from "@dl/train";
import { checkpointName, type RunFolder } from "@dl/train/node";
import { loadWeights } from "../load-weights.ts";
import { modelName } from "../run.ts";
import { fileExists } from "../run-files.ts";
import { fitInFolder, writeTaskReport } from "../task-training.ts";
import { folderFit, loadFolderImages, writeSkipped } from "./folder-images.ts";
import { featuresOf, probeAccuracy, trainProbe } from "./linear-probe.ts";
import { type Backbone, loadBackbone } from "./load-backbone.ts";
import type { Augmentation, LabelledImages } from "./recipe.ts";
import type { TaskContext, TaskPreset, TaskRecipe, TaskResult, TaskRun, TaskTraining } from "./task-recipe.ts";

interface FinetunePreset extends TaskPreset {
  readonly imageSize: number;
  /** What the weights were trained with. */
  readonly normalization: NormalizeOptions;
  model(options: { classes: number; rng: Rng }): Backbone;
}

type FinetuneRun = TaskRun<FinetunePreset>;

/** Of torchvision's networks. */
const imagenetStatistics = { mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225] } as const;

/** Beside the model: what its outputs mean. */
const classesName = "classes.json";

function measure(model: ImageClassifier, dataset: LabelledImages, { preset, ...work }: TaskContext & { preset: FinetunePreset }) {
  return evaluate({
    ...work,
    dataset,
    batchSize: 50,
    transform: normalize(preset.normalization),
    step: ({ images, labels }) => lossOf(model.forward(images, inference), labels),
  });
}

function lossOf(logits: Tensor, labels: Tensor) {
  return { loss: crossEntropy(logits, labels), accuracy: mean(equal(argmax(logits, -1), labels).cast("float32")) };
}

async function writeModel(
  model: Module,
  { folder, reason, classNames }: { folder: RunFolder; reason: string; classNames: readonly string[] },
) {
  const state = await readState(model);
  for (const [name, { data }] of state) {
    if (!data.every(Number.isFinite)) throw new DlError(`dl train: expected weights that are numbers, got others in ${name}: ${reason}.`);
  }
  await folder.write(classesName, `${JSON.stringify(classNames, null, 2)}\n`);
  await folder.write(modelName, writeSafetensors(state, { metadata: { reason } }));
}

/** The classes that a run has learned, whatever has become of its data. */
async function readClasses(folder: string): Promise<string[]> {
  const path = join(folder, classesName);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new DataError(`${path}: expected the classes of the run, got ${error.code}.`);
  });
  const classes = parsed(text);
  if (!Array.isArray(classes) || classes.length < 2 || !classes.every((name) => typeof name === "string"))
    throw new DataError(`${path}: expected a list of two or more names, got ${text.slice(0, 80)}.`);
  return classes;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function augmentation({ imageSize }: FinetunePreset): Augmentation {
  return [flip(), padCrop({ padding: imageSize >> 3, mode: "reflect" })];
}

async function train(run: FinetuneRun, { device, folder, resume, signal }: TaskTraining): Promise<TaskResult> {
  const { preset, settings } = run;
  const rng = new Rng(settings.seed);
  const { classNames, train, validation, test, skipped } = await loadFolderImages(run, { imageSize: preset.imageSize, signal });
  await writeSkipped(skipped, folder);
  const classes = classNames.length;
  using model = preset.model({ classes, rng: rng.fork("init") });
  const transform = normalize(preset.normalization);
  // A checkpoint holds all weights: the first part need not be done again.
  if (!(resume && (await fileExists(folder.file(checkpointName))))) {
    await loadBackbone(model, settings.inputs!.weights!);
    const work = { device, signal };
    const encode = (images: Tensor): Tensor => model.features(images, inference);
    using probe = await trainProbe(await featuresOf(train, { ...work, encode, transform }), { ...work, classes, rng: rng.fork("probe") });
    const accuracy = await probeAccuracy(probe, await featuresOf(validation, { ...work, encode, transform }), work);
    console.error(`backbone frozen: validation accuracy ${(100 * accuracy).toFixed(2)} %`);
    model.head.weight.load(await probe.weight.read());
    model.head.bias!.load(await probe.bias!.read());
  }
  const { learningRate, batchSize, epochs } = settings;
  const steps = epochs * Math.ceil(train.length / batchSize);
  const warm = Math.min(steps - 1, Math.ceil(steps / 10));
  using optimizer = new AdamW(decayGroups(model), {
    learningRate: schedules.warmUp(schedules.cosine(learningRate, { steps: steps - warm }), { steps: warm }),
    weightDecay: 0.05,
  });
  const fitted = await fitInFolder(run, {
    ...{ device, folder, resume, signal, model, optimizer, unit: "images", clipNorm: 1 },
    dataset: train,
    transform: [...augmentation(preset), transform],
    step: ({ images, labels }, mode) => lossOf(model.forward(images, mode), labels),
    validate: () => measure(model, validation, { device, signal, preset }),
    callbacks: [new EarlyStopping({ patience: epochs })],
  });
  if (fitted.reason === "stopped") return { ...fitted, metrics: undefined };
  await writeModel(model, { folder, reason: fitted.reason, classNames });
  const { loss, accuracy } = await measure(model, test, { device, signal, preset });
  const result = { ...fitted, metrics: { "test/loss": loss, "test/accuracy": accuracy } };
  await writeTaskReport(run, result, { folder, device: device.name, charted: ["loss", "accuracy"] });
  return result;
}

export const finetuneFolder: TaskRecipe<FinetunePreset> = {
  name: "finetune-folder",
  title: "A trained network for a folder of images",
  inputs: { data: "required", weights: "required" },
  presets: [
    {
      name: "resnet18",
      summary: "torchvision's or timm's ResNet-18 (--weights) on a folder of images (--data), 224×224: a new head first, then everything.",
      defaults: { epochs: 5, batchSize: 32, learningRate: 1e-4 },
      imageSize: 224,
      normalization: imagenetStatistics,
      model: (options) => new ResNet({ ...resnet18, ...options }),
    },
    {
      name: "mobilenet-v2",
      summary: "The same with torchvision's or timm's MobileNetV2, a tenth of the work.",
      defaults: { epochs: 5, batchSize: 32, learningRate: 1e-4 },
      imageSize: 224,
      normalization: imagenetStatistics,
      model: (options) => new MobileNetV2({ ...mobilenetV2, ...options }),
    },
    {
      name: "resnet20",
      summary: "The same with the model.safetensors of a resnet20-cifar10 run, 32×32.",
      defaults: { epochs: 10, batchSize: 64, learningRate: 3e-4 },
      imageSize: 32,
      normalization: cifar10Statistics,
      model: (options) => new ResNet({ ...resnet20, ...options }),
    },
  ],
  train,
  async classifier(run, folder) {
    const { preset, settings } = run;
    const classNames = await readClasses(folder);
    const model = preset.model({ classes: classNames.length, rng: new Rng(settings.seed) });
    return {
      ...(await loadWeights(model, join(folder, modelName))),
      classNames,
      imageShape: [preset.imageSize, preset.imageSize, 3],
      imageFit: folderFit,
      normalization: preset.normalization,
      load: async (split, { signal }) => (await loadFolderImages(run, { imageSize: preset.imageSize, signal }))[split],
      augmentation: () => augmentation(preset),
      labelSmoothing: 0,
      beside: [classesName],
    };
  },
  async evaluate(run, { device, signal, folder }) {
    const { preset } = run;
    const { classNames, test } = await loadFolderImages(run, { imageSize: preset.imageSize, signal });
    const { model } = await loadWeights(
      preset.model({ classes: classNames.length, rng: new Rng(run.settings.seed) }),
      join(folder, modelName),
    );
    using _model = model;
    const { loss, accuracy } = await measure(model, test, { device, signal, preset });
    return { "test/loss": loss, "test/accuracy": accuracy };
  },
};
