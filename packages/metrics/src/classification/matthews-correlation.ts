/** The correlation of labels and predictions: 1 perfect, 0 chance, −1 all wrong. Matthews 1975; for many classes Gorodkin 2004, equation 8. */

import type { HostTensor } from "@dl/core";
import { ConfusionScore } from "./confusion-score.ts";

/**
 * Matthews' correlation coefficient; 0 if all labels, or all predictions, are one class.
 *
 * @example
 * const correlation = new MatthewsCorrelation({ classes: 2 });
 * correlation.update({ labels: [0, 1], predictions: [1, 0] });
 * correlation.result(); // -1
 */
export class MatthewsCorrelation extends ConfusionScore {
  protected override score({ data, shape }: HostTensor): number {
    const classes = shape[0]!;
    const labelled = new Float64Array(classes);
    const predicted = new Float64Array(classes);
    let total = 0;
    let correct = 0;
    for (let i = 0; i < data.length; i++) {
      const [label, prediction] = [Math.floor(i / classes), i % classes];
      labelled[label]! += data[i]!;
      predicted[prediction]! += data[i]!;
      total += data[i]!;
      if (label === prediction) correct += data[i]!;
    }
    // Covariances times the square of the number of examples.
    const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, c) => sum + value * b[c]!, 0);
    const together = correct * total - dot(labelled, predicted);
    const ofLabels = total * total - dot(labelled, labelled);
    const ofPredictions = total * total - dot(predicted, predicted);
    return ofLabels === 0 || ofPredictions === 0 ? 0 : together / Math.sqrt(ofLabels * ofPredictions);
  }
}
