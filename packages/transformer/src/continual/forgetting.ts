/** How much of earlier tasks is lost by learning later ones. Lopez-Paz and Ranzato 2017, arXiv:1706.08840, section 2; Chaudhry et al. 2018, arXiv:1801.10112. */

import { DataError } from "@dl/core";

export interface Forgetting {
  /** The mean over all tasks after the last one was learned. */
  readonly average: number;
  /** The mean, over all tasks but the last, of what later tasks changed since each was learned; below 0 they forgot. */
  readonly backwardTransfer: number;
  /** The mean, over all tasks but the last, of the best a task ever was less what it is at the end. */
  readonly forgetting: number;
}

/**
 * @param scores  Row i: the score of every task after task i was learned; larger is better. At least two tasks.
 * @example
 * measureForgetting([[0.75, 0.5], [0.5, 0.75]]); // { average: 0.625, backwardTransfer: -0.25, forgetting: 0.25 }
 */
export function measureForgetting(scores: readonly (readonly number[])[]): Forgetting {
  const count = scores.length;
  if (count < 2 || scores.some((row) => row.length !== count || !row.every(Number.isFinite))) {
    throw new DataError(
      `measureForgetting: expected a square of finite scores of at least two tasks, got rows of ${scores.map(({ length }) => length).join(", ")}.`,
    );
  }
  const last = scores[count - 1]!;
  const before = Array.from({ length: count - 1 }, (_, task) => task);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    average: mean(last),
    backwardTransfer: mean(before.map((task) => last[task]! - scores[task]![task]!)),
    forgetting: mean(before.map((task) => Math.max(...scores.slice(0, count - 1).map((row) => row[task]!)) - last[task]!)),
  };
}
