/**
 * The networks of the panel and how each is trained. Where `dl train` has a recipe for network and data set, this is the same run:
 * same weights to begin with, same order, same steps, so that either goes on with the other's files.
 */

import { type ImageClassifier, KerasCnn, LeNet, lenetCifar10Wide, lenetMnist, Vgg } from "@dl/cnn";
import { OptionError, type Rng } from "@dl/core";
import { cutout, flip, padCrop, type Transform } from "@dl/data";
import {
  AdamW,
  BatchNorm,
  type CommonOptions,
  Conv2d,
  Dropout,
  decayGroups,
  Flatten,
  type Layer,
  Linear,
  MaxPool2d,
  type Optimizer,
  Relu,
  Sequential,
  Sgd,
  schedules,
} from "@dl/nn";
import type { ClassifySettings, NetworkName } from "./contract.ts";
import { formatLayers, parseLayers, shapeLayers } from "./layer-words.ts";

export interface ImagesOfRun {
  readonly shape: readonly [number, number, number];
  readonly classes: number;
}

/** How one network is trained on one data set. */
export interface NetworkPlan {
  /** The recipe of `dl train` that is this run, if there is one. */
  readonly recipe: string | undefined;
  /** Share of the training images held back for early stopping. */
  readonly validationShare: number;
  readonly patience: number;
  readonly labelSmoothing: number;
  readonly augmentation: readonly Transform<never>[];
  model(rng: Rng): ImageClassifier;
  optimizer(model: ImageClassifier, settings: { learningRate: number; steps: number }): Optimizer<CommonOptions>;
}

const adam: NetworkPlan["optimizer"] = (model, { learningRate, steps }) =>
  new AdamW(model.parameters(), { learningRate: schedules.cosine(learningRate, { steps }), weightDecay: 0.01 });

const plain = { validationShare: 0.1, patience: 2, labelSmoothing: 0, augmentation: [], optimizer: adam } as const;
const flips: readonly Transform<never>[] = [flip(), padCrop({ padding: 4, mode: "reflect" })] as never;

export function planOf(settings: Pick<ClassifySettings, "set" | "network" | "layers">, images: ImagesOfRun): NetworkPlan {
  const [size, width, channels] = images.shape;
  if (size !== width) throw new OptionError(`Images here are square, got ${size} × ${width}.`);
  return plans[settings.network](settings, images, { imageSize: size, channels, classes: images.classes });
}

interface Form {
  readonly imageSize: number;
  readonly channels: number;
  readonly classes: number;
}

const plans: Readonly<
  Record<NetworkName, (settings: Pick<ClassifySettings, "set" | "layers">, images: ImagesOfRun, form: Form) => NetworkPlan>
> = {
  lenet({ set }, _, form) {
    if (set === "cifar") {
      return {
        ...{ recipe: "lenet-cifar10", validationShare: 0.1, patience: 6, labelSmoothing: 0, augmentation: flips },
        model: (rng) => new LeNet({ ...lenetCifar10Wide, rng }),
        optimizer: (model, { learningRate, steps }) =>
          new Sgd(model.parameters(), {
            learningRate: schedules.cosine(learningRate, { steps }),
            momentum: 0.9,
            nesterov: true,
            weightDecay: 5e-4,
          }),
      };
    }
    const recipe = set === "mnist" ? "lenet-mnist" : undefined;
    return { ...plain, recipe, model: (rng) => new LeNet({ ...lenetMnist, ...form, rng }) };
  },
  vgg({ set }, _, { channels, classes }) {
    return {
      recipe: set === "fashion" ? "conv-fashion-mnist" : undefined,
      ...{ validationShare: 0, patience: 0, labelSmoothing: 0.05 },
      augmentation: [flip(), padCrop({ padding: 2 }), cutout({ size: 6 })] as never,
      model: (rng) =>
        new Vgg({
          ...{ channels, classes, rng },
          stages: [[32, 32], [64, 64], [128]],
          batchNorm: true,
          pooledSize: 3,
          hidden: [128],
          dropout: 0.3,
        }),
      optimizer: (model, { learningRate, steps }) =>
        new Sgd(decayGroups(model), {
          ...{ learningRate: schedules.oneCycle(learningRate, { steps, rise: 0.25 }), momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
        }),
    };
  },
  keras({ set }, _, form) {
    const augmentation = set === "cifar" ? flips : [];
    return {
      ...plain,
      patience: 6,
      augmentation,
      recipe: set === "cifar" ? "keras-cnn-cifar10" : undefined,
      model: (rng) => new KerasCnn({ ...form, rng }),
    };
  },
  layers({ layers }, images) {
    return { ...plain, recipe: undefined, model: (rng) => networkOfWords(layers, { images, rng }) };
  },
};

/** The network that the words describe: 3 × 3 convolutions and dense layers with ReLU, 2 × 2 pools. */
export function networkOfWords(text: string, { images, rng }: { images: ImagesOfRun; rng: Rng }): Sequential {
  const words = parseLayers(text);
  const shaped = shapeLayers(words, { image: images.shape, classes: images.classes });
  let shape: readonly number[] = images.shape;
  const layers = shaped.flatMap(({ word, shape: after }, i): Layer[] => {
    const before = shape;
    shape = after;
    const stream = rng.fork(`layer ${i}`);
    const isHead = i === shaped.length - 1;
    // The norm that follows wants the sums; its ReLU comes after it.
    const fused = shaped[i + 1]?.word.kind === "norm" || isHead ? {} : ({ activation: "relu" } as const);
    switch (word.kind) {
      case "conv":
        return [new Conv2d({ inputs: before[2]!, outputs: word.filters, kernelSize: 3, padding: "same", ...fused, rng: stream })];
      case "norm":
        return [new BatchNorm({ channels: before.at(-1)! }), new Relu()];
      case "pool":
        return [new MaxPool2d({ kernelSize: 2 })];
      case "drop":
        return [new Dropout({ rate: word.percent / 100 })];
      case "dense": {
        const dense = new Linear({
          inputs: before.reduce((product, length) => product * length, 1),
          outputs: word.units,
          ...fused,
          rng: stream,
        });
        return before.length === 3 ? [new Flatten(), dense] : [dense];
      }
      default:
        return word satisfies never;
    }
  });
  return new Sequential(layers);
}

/** The words again, in their one form. */
export function tidyLayers(text: string): string {
  return formatLayers(parseLayers(text));
}
