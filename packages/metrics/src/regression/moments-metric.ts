/** What R², explained variance and correlation have in common: the second moments of targets and predictions. */

import { OptionError } from "@dl/core";
import type { Metric } from "../metric.ts";
import { nothingAdded } from "../numbers.ts";
import { type RegressionInputs, readRegression } from "./regression-inputs.ts";

/** Weighted sums about the means; y is the target, p the prediction. */
export interface Moments {
  readonly weight: number;
  readonly meanY: number;
  readonly meanP: number;
  readonly yy: number;
  readonly pp: number;
  readonly yp: number;
}

const none: Moments = { weight: 0, meanY: 0, meanP: 0, yy: 0, pp: 0, yp: 0 };

export abstract class MomentsMetric implements Metric<RegressionInputs, number, Moments> {
  readonly #name: string;
  #moments: Moments = none;

  constructor(name: string) {
    this.#name = name;
  }

  protected abstract answer(moments: Moments): number;

  update(inputs: RegressionInputs): void {
    const { targets, predictions, weights } = readRegression(`${this.#name}.update`, inputs);
    // Means as distances from the first numbers: those of numbers that are all the same come out exactly, and with them the variance of 0.
    const [firstY, firstP] = [targets[0]!, predictions[0]!];
    let [weight, farY, farP] = [0, 0, 0];
    for (let i = 0; i < targets.length; i++) {
      weight += weights[i]!;
      farY += weights[i]! * (targets[i]! - firstY);
      farP += weights[i]! * (predictions[i]! - firstP);
    }
    const [meanY, meanP] = [firstY + farY / weight, firstP + farP / weight];
    let [yy, pp, yp] = [0, 0, 0];
    for (let i = 0; i < targets.length; i++) {
      const [y, p] = [targets[i]! - meanY, predictions[i]! - meanP];
      yy += weights[i]! * y * y;
      pp += weights[i]! * p * p;
      yp += weights[i]! * y * p;
    }
    this.#moments = combine(this.#moments, { weight, meanY, meanP, yy, pp, yp });
  }

  result(): number {
    if (this.#moments.weight === 0) throw nothingAdded(`${this.#name}.result`);
    return this.answer(this.#moments);
  }

  reset(): void {
    this.#moments = none;
  }

  merge(other: this): void {
    this.#moments = combine(this.#moments, other.#moments);
  }

  state(): Moments {
    return this.#moments;
  }

  restore(state: Moments): void {
    if (!(state.weight >= 0)) throw new OptionError(`${this.#name}.restore: expected moments, got weight ${state.weight}.`);
    this.#moments = { ...state };
  }
}

/** Moments of two parts. Chan, Golub & LeVeque 1983. */
function combine(a: Moments, b: Moments): Moments {
  if (a.weight === 0) return b;
  if (b.weight === 0) return a;
  const weight = a.weight + b.weight;
  const [y, p] = [b.meanY - a.meanY, b.meanP - a.meanP];
  const between = (a.weight * b.weight) / weight;
  return {
    weight,
    meanY: a.meanY + (y * b.weight) / weight,
    meanP: a.meanP + (p * b.weight) / weight,
    yy: a.yy + b.yy + y * y * between,
    pp: a.pp + b.pp + p * p * between,
    yp: a.yp + b.yp + y * p * between,
  };
}
