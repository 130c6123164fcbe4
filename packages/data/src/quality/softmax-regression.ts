/** Multinomial logistic regression in plain arithmetic: a classifier small enough to check data with. Bishop 2006, section 4.3.4. */

import type { Rng } from "@dl/core";

export interface LabelledFeatures {
  /** `[N, size]` */
  readonly features: Float32Array;
  readonly size: number;
  readonly labels: Int32Array;
  readonly classes: number;
}

export interface SoftmaxRegressionOptions {
  rng: Rng;
  /** Passes over the examples. Default 20. */
  epochs?: number | undefined;
  /** Default 0.1, falling to 0 along a line. */
  learningRate?: number | undefined;
  /** Weight decay: few examples of many features are otherwise learned by heart. Default 1e-3. */
  decay?: number | undefined;
}

/** Learns from the examples `train`, and gives the probabilities of the examples `test`, `[test.length, classes]`. */
export function crossPredict(
  { features, size, labels, classes }: LabelledFeatures,
  { train, test }: { train: Int32Array; test: Int32Array },
  { rng, epochs = 20, learningRate = 0.1, decay = 1e-3 }: SoftmaxRegressionOptions,
): Float64Array {
  // Features of mean 0 and deviation 1 over the training part: the test part must not be looked at.
  const mean = new Float64Array(size);
  const scale = new Float64Array(size);
  for (const i of train) for (let j = 0; j < size; j++) mean[j]! += features[i * size + j]! / train.length;
  for (const i of train) for (let j = 0; j < size; j++) scale[j]! += (features[i * size + j]! - mean[j]!) ** 2 / train.length;
  for (let j = 0; j < size; j++) scale[j] = scale[j]! > 1e-12 ? 1 / Math.sqrt(scale[j]! * size) : 0;
  const weights = new Float64Array(classes * size);
  const bias = new Float64Array(classes);
  const row = new Float64Array(size);
  const scores = new Float64Array(classes);
  const predict = (example: number): void => {
    for (let j = 0; j < size; j++) row[j] = (features[example * size + j]! - mean[j]!) * scale[j]!;
    let most = -Infinity;
    for (let c = 0; c < classes; c++) {
      let score = bias[c]!;
      for (let j = 0; j < size; j++) score += weights[c * size + j]! * row[j]!;
      scores[c] = score;
      most = Math.max(most, score);
    }
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += scores[c] = Math.exp(scores[c]! - most);
    for (let c = 0; c < classes; c++) scores[c]! /= sum;
  };
  const steps = epochs * train.length;
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const place of rng.permutation(train.length)) {
      const example = train[place]!;
      predict(example);
      // Rows have length 1 on average, so that the rate needs no tuning to the number of features.
      const rate = learningRate * 10 * (1 - step++ / steps);
      for (let c = 0; c < classes; c++) {
        const error = scores[c]! - (labels[example] === c ? 1 : 0);
        bias[c]! -= rate * 0.1 * error;
        for (let j = 0; j < size; j++) weights[c * size + j]! -= rate * (error * row[j]! + decay * weights[c * size + j]!);
      }
    }
  }
  const probabilities = new Float64Array(test.length * classes);
  for (const [i, example] of test.entries()) {
    predict(example);
    probabilities.set(scores, i * classes);
  }
  return probabilities;
}
