/** Agreement beyond chance. Cohen 1960; weighted by distance, Cohen 1968. */

import type { HostTensor } from "@dl/core";
import { requireChoice } from "../numbers.ts";
import type { ConfusionMatrixOptions } from "./confusion-matrix.ts";
import { ConfusionScore } from "./confusion-score.ts";

export interface CohenKappaOptions extends ConfusionMatrixOptions {
  /** What a confusion of classes i and j costs: 1, |i − j| or (i − j)², for classes that are grades. Default `none`. */
  readonly weights?: "none" | "linear" | "quadratic";
}

/**
 * 1 − cost of the confusions ÷ their cost if labels and predictions were independent; NaN if all are one and the same class.
 *
 * @example
 * const kappa = new CohenKappa({ classes: 2 });
 * kappa.update({ labels: [0, 0, 1, 1], predictions: [0, 1, 1, 1] });
 * kappa.result(); // 0.5
 */
export class CohenKappa extends ConfusionScore {
  readonly #weights: "none" | "linear" | "quadratic";

  constructor({ weights = "none", ...options }: CohenKappaOptions) {
    super(options);
    requireChoice("CohenKappa", "weights", [weights, ["none", "linear", "quadratic"]]);
    this.#weights = weights;
  }

  protected override score({ data, shape }: HostTensor): number {
    const classes = shape[0]!;
    const labelled = new Float64Array(classes);
    const predicted = new Float64Array(classes);
    let total = 0;
    for (let i = 0; i < data.length; i++) {
      labelled[Math.floor(i / classes)]! += data[i]!;
      predicted[i % classes]! += data[i]!;
      total += data[i]!;
    }
    let cost = 0;
    let chanceCost = 0;
    for (let i = 0; i < data.length; i++) {
      const [label, prediction] = [Math.floor(i / classes), i % classes];
      const weight = this.#cost(Math.abs(label - prediction));
      cost += weight * data[i]!;
      chanceCost += (weight * labelled[label]! * predicted[prediction]!) / total;
    }
    return 1 - cost / chanceCost;
  }

  #cost(distance: number): number {
    switch (this.#weights) {
      case "none":
        return distance === 0 ? 0 : 1;
      case "linear":
        return distance;
      case "quadratic":
        return distance * distance;
      default:
        return this.#weights satisfies never;
    }
  }
}
