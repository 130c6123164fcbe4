/** How sparsity grows over the steps of training. Zhu and Gupta 2017, arXiv:1710.01878, equation 1. */

import { OptionError } from "@dl/core";
import { requireSparsity } from "./magnitude.ts";

/** The sparsity after so many steps. */
export type SparsitySchedule = (step: number) => number;

export interface CubicSparsityOptions {
  /** From the end on. */
  readonly final: number;
  /** Up to the beginning. Default 0. */
  readonly initial?: number;
  /** Step at which it begins to grow. Default 0. */
  readonly begin?: number;
  /** Step from which on it is final. */
  readonly end: number;
}

/**
 * final + (initial − final) · (1 − t)³, where t runs from 0 at `begin` to 1 at `end`: fast at first, while much is redundant.
 *
 * @example
 * const schedule = cubicSparsity({ final: 0.8, end: 100 });
 * schedule(50); // 0.7
 */
export function cubicSparsity({ final, initial = 0, begin = 0, end }: CubicSparsityOptions): SparsitySchedule {
  requireSparsity("cubicSparsity", final);
  requireSparsity("cubicSparsity", initial);
  if (!(begin >= 0 && end > begin && Number.isFinite(end))) {
    throw new OptionError(`cubicSparsity: expected 0 ≤ begin < end, got ${begin} and ${end}.`);
  }
  return (step) => {
    const time = Math.min(1, Math.max(0, (step - begin) / (end - begin)));
    return final + (initial - final) * (1 - time) ** 3;
  };
}
