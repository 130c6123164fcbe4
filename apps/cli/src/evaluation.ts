/** A classifier's answers on a data set, and what is told about them. */

import type { ImageClassifier } from "@dl/cnn";
import { type Device, type HostTensor, softmax } from "@dl/core";
import { type ClassificationReport, ConfusionMatrix, classificationReport } from "@dl/metrics";
import { crossEntropy } from "@dl/nn";
import { evaluate, type Mistake, worstMistakes } from "@dl/train";
import type { LabelledImages } from "./recipes/recipe.ts";
import type { RunFile } from "./run-file.ts";
import { logitsOf, normalization } from "./session.ts";

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
  { recipe, preset }: Pick<RunFile, "recipe" | "preset">,
  model: ImageClassifier,
  { device, dataset, signal }: { device: Device; dataset: LabelledImages; signal: AbortSignal },
): Promise<Evaluation> {
  const { classNames } = recipe.data;
  const confusion = new ConfusionMatrix({ classes: classNames.length });
  const labels: number[] = [];
  const probabilities = new Float32Array(dataset.length * classNames.length);
  const { loss } = await evaluate({
    device,
    dataset,
    transform: normalization(preset),
    step: ({ images, labels }) => {
      const logits = logitsOf(preset, model, images); // [B, C]
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
