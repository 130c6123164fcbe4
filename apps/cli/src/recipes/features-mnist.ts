/** The classifiers that scores of generated digits, clothes and small colour images look through; see @dl/gan. */

import { flip, padCrop } from "@dl/data";
import { FeatureNetwork, featureNetworkMnist } from "@dl/gan";
import { decayGroups, Sgd, schedules } from "@dl/nn";
import { cifar10Data, fashionMnistData, mnistData } from "./data.ts";
import type { Preset, Recipe } from "./recipe.ts";

const preset: Omit<Preset, "summary" | "augmentation"> = {
  name: "default",
  defaults: { epochs: 8, batchSize: 128, learningRate: 0.2 },
  // Trained on all training images: the measure of others has no use for early stopping.
  validationShare: 0,
  patience: 0,
  labelSmoothing: 0,
  normalization: { mean: [0], standardDeviation: [1] },
  model: (rng) => new FeatureNetwork({ ...featureNetworkMnist, rng }),
  optimizer: (model, { learningRate, steps }) =>
    new Sgd(decayGroups(model), {
      learningRate: schedules.oneCycle(learningRate, { steps }),
      momentum: 0.9,
      nesterov: true,
      weightDecay: 5e-4,
    }),
};

export const featuresMnist: Recipe = {
  name: "features-mnist",
  title: "Features of MNIST",
  data: mnistData,
  presets: [
    {
      ...preset,
      summary: "The classifier behind FID and its kin on digits: 33 thousand weights, over 99 %.",
      augmentation: [padCrop({ padding: 2 })],
    },
  ],
};

export const featuresFashion: Recipe = {
  name: "features-fashion",
  title: "Features of Fashion-MNIST",
  data: fashionMnistData,
  presets: [
    {
      ...preset,
      summary: "The same network for Fashion-MNIST.",
      augmentation: [flip(), padCrop({ padding: 2 })],
    },
  ],
};

/** Not shipped with @dl/gan: `dl score --extractor <run folder>/model.safetensors`. */
export const featuresCifar10: Recipe = {
  name: "features-cifar10",
  title: "Features of CIFAR-10",
  data: cifar10Data,
  presets: [
    {
      ...preset,
      summary: "The same network for CIFAR-10, and so for generators of 32×32 colour images.",
      augmentation: [flip(), padCrop({ padding: 4 })],
      normalization: { mean: [0, 0, 0], standardDeviation: [1, 1, 1] },
      model: (rng) => new FeatureNetwork({ channels: 3, classes: cifar10Data.classNames.length, rng }),
    },
  ],
};
