/** Whether two classifiers err on different examples by more than chance. McNemar 1947; for classifiers, Dietterich 1998. */

import { requireClasses } from "../classification/class-inputs.ts";
import { flatNumbers, type Numbers, requireChoice, requireSameSize, requireSome } from "../numbers.ts";
import { normalCdf } from "./normal.ts";

export interface McNemarInputs {
  readonly labels: Numbers;
  /** Predictions of one classifier. */
  readonly first: Numbers;
  /** Predictions of the other, for the same examples. */
  readonly second: Numbers;
}

export interface McNemarOptions {
  /** `exact`: binomial; `corrected`: χ² with continuity correction; `auto`: exact below 25 differences. Default `auto`. */
  readonly method?: "auto" | "exact" | "corrected";
}

export interface McNemarResult {
  readonly onlyFirstRight: number;
  readonly onlySecondRight: number;
  /** χ² with one degree of freedom, or, exact, the smaller of the two counts. */
  readonly statistic: number;
  /** Two-sided: how often a difference this large comes by chance. */
  readonly pValue: number;
  readonly method: "exact" | "corrected";
}

/**
 * Looks only at examples that one of the two has right and the other wrong.
 *
 * @example
 * const labels = [1, 1, 1, 1, 1, 1];
 * mcNemar({ labels, first: [1, 1, 1, 1, 1, 0], second: [0, 0, 0, 0, 0, 1] }).pValue; // 0.21875
 */
export function mcNemar({ labels, first, second }: McNemarInputs, { method = "auto" }: McNemarOptions = {}): McNemarResult {
  requireChoice("mcNemar", "method", [method, ["auto", "exact", "corrected"]]);
  requireSome("mcNemar", "labels", labels);
  requireSameSize("mcNemar", ["labels", labels], ["first", first]);
  requireSameSize("mcNemar", ["labels", labels], ["second", second]);
  const [truth, a, b] = [flatNumbers(labels), flatNumbers(first), flatNumbers(second)];
  for (const [name, numbers] of [
    ["labels", truth],
    ["first", a],
    ["second", b],
  ] as const)
    requireClasses("mcNemar", name, numbers, undefined);
  let [onlyFirstRight, onlySecondRight] = [0, 0];
  for (let i = 0; i < truth.length; i++) {
    if (a[i] === truth[i] && b[i] !== truth[i]) onlyFirstRight++;
    if (a[i] !== truth[i] && b[i] === truth[i]) onlySecondRight++;
  }
  const differences = onlyFirstRight + onlySecondRight;
  const counts = { onlyFirstRight, onlySecondRight };
  if (method === "exact" || (method === "auto" && differences < 25)) {
    const fewer = Math.min(onlyFirstRight, onlySecondRight);
    return { ...counts, statistic: fewer, pValue: Math.min(1, 2 * coinTail(fewer, differences)), method: "exact" };
  }
  const distance = Math.max(0, Math.abs(onlyFirstRight - onlySecondRight) - 1);
  const statistic = differences === 0 ? 0 : (distance * distance) / differences;
  return { ...counts, statistic, pValue: 2 * normalCdf(-Math.sqrt(statistic)), method: "corrected" };
}

/** P(at most `heads` of `tosses` fair coins). */
function coinTail(heads: number, tosses: number): number {
  // Exact while the powers of 2 hold it, which is wherever it is asked by default; logarithms beyond.
  let [ways, log, sum] = [1, -tosses * Math.LN2, 0];
  const isExact = tosses <= 1000;
  for (let k = 0; k <= heads; k++) {
    sum += isExact ? ways : Math.exp(log);
    ways = (ways * (tosses - k)) / (k + 1);
    log += Math.log(tosses - k) - Math.log(k + 1);
  }
  return isExact ? sum / 2 ** tosses : sum;
}
