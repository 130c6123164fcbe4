/** What a recipe is: a model and its data, and one or more presets that train it. */

import type { ImageClassifier } from "@dl/cnn";
import type { Rng } from "@dl/core";
import type { Dataset, Example, NormalizeOptions, Transform } from "@dl/data";
import type { SourceOptions } from "@dl/data/node";
import type { CommonOptions, Module, Optimizer } from "@dl/nn";

export type LabelledImages = Dataset<Example<"images" | "labels">>;

/** What a preset fixes and the command line may change; saved with the run. */
export interface Hyperparameters {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

/** The data a recipe trains on. */
export interface RecipeData {
  /** In the order of their labels. */
  readonly classNames: readonly string[];
  /** `[height, width, channels]` */
  readonly imageShape: readonly [number, number, number];
  load(split: "train" | "test", options: SourceOptions): Promise<LabelledImages>;
}

/** One way to train: the model's form and every setting. */
export interface Preset {
  readonly name: string;
  /** One line: what it is and where its settings come from. */
  readonly summary: string;
  readonly defaults: Hyperparameters;
  /** Share of the training set held back for early stopping; 0 trains on everything for the full number of epochs. */
  readonly validationShare: number;
  /** Epochs without a better validation loss before the run ends. */
  readonly patience: number;
  /** Share of each label's probability given to all classes alike. */
  readonly labelSmoothing: number;
  /** Applied to training images only, before normalisation. */
  readonly augmentation: readonly Transform<Example<"images" | "labels">>[];
  /** Applied to every image, last. */
  readonly normalization: NormalizeOptions;
  model(rng: Rng): ImageClassifier;
  optimizer(model: Module, settings: Hyperparameters & { readonly steps: number }): Optimizer<CommonOptions>;
}

export interface Recipe {
  readonly name: string;
  /** For reports: `LeNet on MNIST`. */
  readonly title: string;
  readonly data: RecipeData;
  /** The first is what runs when none is named. */
  readonly presets: readonly [Preset, ...Preset[]];
}
