/** Adds up what steps of training give away. Mironov 2017, "Rényi differential privacy", arXiv:1702.07476. */

import { OptionError } from "@dl/core";
import { checkMechanism, type GaussianMechanism, rdpOfSubsampledGaussian } from "./subsampled-gaussian.ts";

/** The orders of Opacus: fine where tight budgets have their best one, and up to 63. */
export const defaultOrders: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => 1 + (i + 1) / 10),
  ...Array.from({ length: 52 }, (_, i) => 12 + i),
];

/** So many steps of one mechanism. */
export interface PrivateSteps extends GaussianMechanism {
  readonly steps: number;
}

/** A privacy budget spent: (ε, δ)-differential privacy, and the order at which it was found. */
export interface Spent {
  readonly epsilon: number;
  readonly order: number;
}

/**
 * Counts steps of DP-SGD and says what they cost.
 *
 * @example
 * const accountant = new RdpAccountant();
 * accountant.add({ noiseMultiplier: 1.1, sampleRate: 0.01, steps: 1000 });
 * accountant.epsilon(1e-5); // 1.7118
 */
export class RdpAccountant {
  readonly #orders: readonly number[];
  readonly #known = new Map<string, Float64Array>();
  #history: PrivateSteps[] = [];

  /** @param orders  Above 1; the best of them is taken. Default `defaultOrders`. */
  constructor(orders: readonly number[] = defaultOrders) {
    if (orders.length === 0 || orders.some((order) => !(order > 1))) {
      throw new OptionError(`RdpAccountant: expected orders above 1, got [${orders.join(", ")}].`);
    }
    this.#orders = orders;
  }

  /** What was added; runs of equal steps are one entry. */
  get history(): readonly PrivateSteps[] {
    return this.#history;
  }

  /** @throws OptionError for negative noise, a rate that is no probability, or a count that is no whole number ≥ 0. */
  add({ noiseMultiplier, sampleRate, steps }: PrivateSteps): void {
    checkMechanism("RdpAccountant.add", { noiseMultiplier, sampleRate });
    if (!Number.isInteger(steps) || steps < 0)
      throw new OptionError(`RdpAccountant.add: expected a whole number of steps ≥ 0, got ${steps}.`);
    if (steps === 0) return;
    const last = this.#history.at(-1);
    if (last?.noiseMultiplier === noiseMultiplier && last.sampleRate === sampleRate) {
      this.#history[this.#history.length - 1] = { noiseMultiplier, sampleRate, steps: last.steps + steps };
    } else this.#history.push({ noiseMultiplier, sampleRate, steps });
  }

  /** The ε of everything added, at `delta`. Infinite when a step had no noise. */
  epsilon(delta: number): number {
    return this.spent(delta).epsilon;
  }

  /**
   * The same, with the order it was found at: the smallest over the orders of
   * rdp + ln((α − 1)/α) − (ln δ + ln α)/(α − 1). Balle et al. 2020, arXiv:1905.09982, theorem 21.
   */
  spent(delta: number): Spent {
    if (!(delta > 0 && delta < 1)) throw new OptionError(`RdpAccountant: expected a delta between 0 and 1, got ${delta}.`);
    if (this.#history.length === 0) return { epsilon: 0, order: this.#orders[0]! };
    const total = new Float64Array(this.#orders.length);
    for (const { steps, ...mechanism } of this.#history) {
      const one = this.#divergences(mechanism);
      for (let i = 0; i < total.length; i++) total[i]! += steps * one[i]!;
    }
    let best: Spent = { epsilon: Infinity, order: this.#orders[0]! };
    for (const [i, order] of this.#orders.entries()) {
      const epsilon = Math.max(0, total[i]! + Math.log1p(-1 / order) - (Math.log(delta) + Math.log(order)) / (order - 1));
      if (epsilon < best.epsilon) best = { epsilon, order };
    }
    return best;
  }

  /** Of one step, at each order: the same for all steps of a mechanism, and long to compute. */
  #divergences(mechanism: GaussianMechanism): Float64Array {
    const key = `${mechanism.noiseMultiplier} ${mechanism.sampleRate}`;
    let divergences = this.#known.get(key);
    if (divergences === undefined) {
      divergences = Float64Array.from(this.#orders, (order) => rdpOfSubsampledGaussian(mechanism, order));
      this.#known.set(key, divergences);
    }
    return divergences;
  }
}
