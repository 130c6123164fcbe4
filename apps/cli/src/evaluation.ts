/** A classifier's answers on a data set, and what is told about them. */

import { type Device, type HostTensor, softmax } from "@dl/core";
import { normalize } from "@dl/data";
import { type ClassificationReport, ConfusionMatrix, classificationReport } from "@dl/metrics";
import { crossEntropy } from "@dl/nn";
import { evaluate, type Mistake, worstMistakes } from "@dl/train";
import { type Classifier, logitsOf } from "./classifier.ts";
import type { LabelledImages } from "./recipes/recipe.ts";

export interface Evaluation {
  readonly loss: number;
  readonly accuracy: number;
  /** Counts `[C, C]`: row = true class, column = predicted. */
  readonly confusion: HostTensor;
  readonly report: ClassificationReport;
  /** Surest first. */
  readonly mistakes: readonly Mistake[];
}

export async function evaluateClassifier(
  classifier: Pick<Classifier, "model" | "classNames" | "normalization" | "logits">,
  { device, dataset, signal }: { device: Device; dataset: LabelledImages; signal: AbortSignal },
): Promise<Evaluation> {
  const { classNames } = classifier;
  const confusion = new ConfusionMatrix({ classes: classNames.length });
  const labels: number[] = [];
  const probabilities = new Float32Array(dataset.length * classNames.length);
  const { loss } = await evaluate({
    device,
    dataset,
    transform: normalize(classifier.normalization),
    step: ({ images, labels }) => {
      const logits = logitsOf(classifier, images); // [B, C]
      return { loss: crossEntropy(logits, labels), probabilities: softmax(logits) };
    },
    onBatch: (batch, outputs) => {
      confusion.update({ labels: batch.labels, scores: outputs.probabilities });
      probabilities.set(outputs.probabilities.data, labels.length * classNames.length);
      labels.push(...batch.labels.data);
    },
    signal,
  });
  const counts = confusion.result();
  const report = classificationReport(counts, { names: classNames });
  return { loss: loss!, accuracy: report.accuracy, confusion: counts, report, mistakes: worstMistakes(labels, probabilities) };
}
