/** How much noise a budget asks for. */

import { OptionError } from "@dl/core";
import { defaultOrders, RdpAccountant } from "./rdp-accountant.ts";

export interface NoiseForBudgetOptions {
  epsilon: number;
  delta: number;
  sampleRate: number;
  steps: number;
  /** Default `defaultOrders`. */
  orders?: readonly number[];
}

/**
 * The smallest noise multiplier, to 10⁻⁴ and rounded up, with which `steps` steps stay within (ε, δ).
 *
 * @throws OptionError when no noise up to 10⁴ is enough.
 * @example
 * noiseForBudget({ epsilon: 3, delta: 1e-5, sampleRate: 0.01, steps: 1000 }); // 0.8647
 */
export function noiseForBudget({ epsilon, delta, sampleRate, steps, orders = defaultOrders }: NoiseForBudgetOptions): number {
  if (!(epsilon > 0 && epsilon < Infinity)) throw new OptionError(`noiseForBudget: expected an epsilon > 0, got ${epsilon}.`);
  const fits = (noiseMultiplier: number): boolean => {
    const accountant = new RdpAccountant(orders);
    accountant.add({ noiseMultiplier, sampleRate, steps });
    return accountant.epsilon(delta) <= epsilon;
  };
  let high = 1;
  while (!fits(high)) {
    high *= 2;
    if (high > 1e4) {
      throw new OptionError(
        `noiseForBudget: expected a budget that noise can reach, got ε ${epsilon} at δ ${delta} over ${steps} steps. Take a larger ε, fewer steps, or, for a very small ε, orders above ${Math.max(...orders)}.`,
      );
    }
  }
  // In units of 10⁻⁴, so that the answer is a number people can write down.
  let [low, top] = [0, Math.ceil(high * 1e4)];
  while (top - low > 1) {
    const middle = (low + top) >> 1;
    if (fits(middle / 1e4)) top = middle;
    else low = middle;
  }
  return top / 1e4;
}
