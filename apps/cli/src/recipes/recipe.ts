/** What a recipe is: a model and its data, and one or more presets that train it. */

import type { ImageClassifier } from "@dl/cnn";
import type { HostTensor, Rng, Tensor } from "@dl/core";
import type { Dataset, Example, NormalizeOptions, Transform } from "@dl/data";
import type { SourceOptions } from "@dl/data/node";
import type { EdgeCellSupernet, Genotype, Space } from "@dl/nas";
import type { CommonOptions, Optimizer } from "@dl/nn";
import type { Average } from "@dl/train";
import type { Goal } from "../run-outcome.ts";

export type LabelledImages = Dataset<Example<"images" | "labels">>;

/** What a preset fixes and the command line may change; saved with the run. */
export interface Hyperparameters {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

/** The data a recipe trains on. */
export interface RecipeData {
  /** As others call it: `mnist`. */
  readonly name: string;
  /** In the order of their labels. */
  readonly classNames: readonly string[];
  /** `[height, width, channels]` */
  readonly imageShape: readonly [number, number, number];
  load(split: "train" | "test", options: SourceOptions): Promise<LabelledImages>;
}

/** Changes to training images. */
export type Augmentation = readonly Transform<Example<"images" | "labels">>[];

/** What augmentation may depend on beside the images. */
export interface AugmentationContext {
  /** Number of the epoch at hand, from 0: to be asked at each batch. */
  readonly epoch: () => number;
  /** A stream of the run's seed. */
  readonly rng: Rng;
}

/** Settings of a run, and the optimizer's steps in all. */
export type OptimizerSettings = Hyperparameters & { readonly steps: number };

/** One way to train: the model's form and every setting. */
export interface Preset<M extends ImageClassifier = ImageClassifier> {
  readonly name: string;
  /** One line: what it is and where its settings come from. */
  readonly summary: string;
  readonly defaults: Hyperparameters;
  /** What a whole run must reach on the test set; `pnpm results` says whether it did. Default nothing. */
  readonly goals?: Readonly<Record<"test/accuracy", Goal>>;
  /** Share of the training set held back for early stopping; 0 trains on everything for the full number of epochs. */
  readonly validationShare: number;
  /** Epochs without a better validation loss before the run ends. */
  readonly patience: number;
  /** Share of each label's probability given to all classes alike. */
  readonly labelSmoothing: number;
  /** Leaves out a last, smaller batch of each epoch. Default false. */
  readonly dropLast?: boolean;
  /** Applied to training images only, before normalisation. */
  readonly augmentation: Augmentation | ((context: AugmentationContext) => Augmentation);
  /** Applied to every image, last. */
  readonly normalization: NormalizeOptions;
  model(rng: Rng): M;
  /** Makes a new model ready before its first step. `images` gives the first so many of the training set, normalised: `[count, H, W, C]`. */
  prepare?(model: M, images: (count: number) => HostTensor): void;
  optimizer(model: M, settings: OptimizerSettings): Optimizer<CommonOptions>;
  /** What takes the place of the weights in validation and at the end. Default none. */
  average?(model: M, settings: OptimizerSettings): Average & Disposable;
  /** `[B, H, W, C]` → logits `[B, classes]` when the trained model is used. Default one forward pass in inference. */
  logits?(model: M, images: Tensor): Tensor;
}

/** What `dl search` looks for in a recipe, and what becomes of what it finds. */
export interface RecipeSearch<P, T = unknown> {
  readonly space: Space<T>;
  /** What is tried first: the settings set by hand, by their decisions. Default nothing. */
  readonly known?: readonly Genotype[];
  /** Epochs and training examples of one trial; null for all. */
  readonly trial: { readonly epochs: number; readonly limit: number | null };
  /** The preset a value is tried with: it may be cheaper than the one it is trained with in the end. */
  tried(preset: P, value: T): P;
  /** Whether candidates are networks of different forms: none can take over another's weights. Default false: they train one in other ways. */
  readonly differentNetworks?: boolean;
  /** All candidates in one network, for DARTS and one-shot searches. Default: there is none. */
  supernet?(preset: P, rng: Rng): EdgeCellSupernet;
  /** The preset `dl train --winner` trains. */
  trained(preset: P, value: T): P;
}

export interface Recipe {
  readonly name: string;
  /** For reports: `LeNet on MNIST`. */
  readonly title: string;
  readonly data: RecipeData;
  /** The first is what runs when none is named. */
  readonly presets: readonly [Preset, ...Preset[]];
  /** Default: the learning rate and the batch size around the preset's. */
  readonly search?: RecipeSearch<Preset>;
}
