/** How probable each class is for each example, by a small model that has not seen it: what label noise is judged by. */

import { DataError, type HostTensor, OptionError, type Rng } from "@dl/core";
import type { Dataset, Example } from "../dataset.ts";
import { kFold } from "../datasets/k-fold.ts";
import { classCounts, labelsOf } from "../statistics/class-counts.ts";
import { coarseFeatures } from "./coarse-features.ts";
import { crossPredict, type LabelledFeatures } from "./softmax-regression.ts";

export interface CrossValidatedOptions {
  rng: Rng;
  /** Default 5. */
  folds?: number | undefined;
  /** Default `"labels"`. */
  labelField?: string | undefined;
  /** Default `"images"`. */
  featureField?: string | undefined;
}

/**
 * Probabilities `[N, classes]` of multinomial logistic regression on the field, images averaged down to at most 8 × 8. For a better judge
 * give `labelNoiseCandidates` the probabilities of a network of your own.
 */
export function crossValidatedProbabilities(dataset: Dataset, options: CrossValidatedOptions): HostTensor {
  const { rng, folds = 5, labelField = "labels", featureField = "images" } = options;
  if (!Number.isInteger(folds) || folds < 2) throw new OptionError(`crossValidatedProbabilities: expected at least 2 folds, got ${folds}.`);
  const labels = labelsOf(dataset, { field: labelField });
  const classes = classCounts(dataset, { field: labelField }).length;
  const first = featuresOf(dataset.get(0), featureField);
  const features = new Float32Array(dataset.length * first.length);
  for (let i = 0; i < dataset.length; i++) {
    const row = featuresOf(dataset.get(i), featureField);
    if (row.length !== first.length)
      throw new DataError(`crossValidatedProbabilities: expected ${featureField} of one size, got another in example ${i}.`);
    features.set(row, i * first.length);
  }
  return crossValidate({ features, size: first.length, labels, classes }, { rng, folds });
}

/** The same of features and labels at hand. */
export function crossValidate(input: LabelledFeatures, { rng, folds = 5 }: { rng: Rng; folds?: number }): HostTensor {
  const { labels, classes } = input;
  const length = labels.length;
  const numbers: Dataset<Example<"i" | "labels">> = {
    length,
    get: (i) => ({
      i: { shape: [], dtype: "int32", data: Int32Array.of(i) },
      labels: { shape: [], dtype: "int32", data: Int32Array.of(labels[i]!) },
    }),
  };
  const indicesOf = (part: Dataset<Example<"i" | "labels">>): Int32Array =>
    Int32Array.from({ length: part.length }, (_, i) => part.get(i).i.data[0]!);
  const data = new Float64Array(length * classes);
  const parts = kFold(numbers, { folds: Math.min(folds, length), rng: rng.fork("folds"), stratify: "labels" });
  for (const [fold, { train, validation }] of parts.entries()) {
    const test = indicesOf(validation);
    const probabilities = crossPredict(input, { train: indicesOf(train), test }, { rng: rng.fork(`fold ${fold}`) });
    for (const [i, example] of test.entries()) data.set(probabilities.subarray(i * classes, (i + 1) * classes), example * classes);
  }
  return { shape: [length, classes], dtype: "float64", data };
}

function featuresOf(example: Example, field: string): Float32Array {
  const value = example[field];
  if (value === undefined)
    throw new DataError(`crossValidatedProbabilities: expected a field ${field}, got ${Object.keys(example).join(", ")}.`);
  return coarseFeatures(value);
}
