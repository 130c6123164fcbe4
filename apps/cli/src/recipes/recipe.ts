/** What a recipe is: a model, its data, and the hyper-parameters that train it. */

import type { ImageClassifier } from "@dl/cnn";
import type { Rng } from "@dl/core";
import type { Dataset, Example, Transform } from "@dl/data";
import type { SourceOptions } from "@dl/data/node";
import type { CommonOptions, Module, Optimizer } from "@dl/nn";

export type LabelledImages = Dataset<Example<"images" | "labels">>;

/** Everything a run may change from the command line; saved with the run. */
export interface RecipeSettings {
  readonly seed: number;
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
  /** Applied to every image, last. */
  readonly normalization: { readonly mean: readonly number[]; readonly standardDeviation: readonly number[] };
}

export interface Recipe {
  readonly name: string;
  /** For reports: `LeNet on MNIST`. */
  readonly title: string;
  /** One line: what it is and where its settings come from. */
  readonly summary: string;
  readonly data: RecipeData;
  readonly defaults: Omit<RecipeSettings, "seed">;
  /** Share of the training set held back for early stopping; 0 trains on everything for the full number of epochs. */
  readonly validationShare: number;
  /** Epochs without a better validation loss before the run ends. */
  readonly patience: number;
  /** Share of each label's probability given to all classes alike. */
  readonly labelSmoothing: number;
  /** Applied to training images only, before normalisation. */
  readonly augmentation: readonly Transform<Example<"images" | "labels">>[];
  model(rng: Rng): ImageClassifier;
  optimizer(model: Module, settings: RecipeSettings & { readonly steps: number }): Optimizer<CommonOptions>;
}
