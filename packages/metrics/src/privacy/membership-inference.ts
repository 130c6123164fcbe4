/**
 * Whether a model's losses tell which examples it was trained on. Yeom et al. 2018, arXiv:1709.01604, section 3.2; rates at few false
 * alarms, Carlini et al. 2022, arXiv:2112.03570, section 3.
 */

import { DataError } from "@dl/core";
import { areaUnderRoc, countAbove } from "../classification/threshold-counts.ts";
import { flatNumbers, type Numbers, requireNoNaN, requireSome } from "../numbers.ts";

export interface MembershipInputs {
  /** Losses of examples the model was trained on. */
  readonly members: Numbers;
  /** Losses of examples of the same kind that it never saw. */
  readonly others: Numbers;
}

export interface MembershipAudit {
  /** How often a member has the smaller loss; 0.5 is chance. */
  readonly auc: number;
  /** Standard error of `auc`. Hanley & McNeil 1982. */
  readonly standardError: number;
  /** The most that true alarms can exceed false ones, over all thresholds; 0 is chance. */
  readonly advantage: number;
  /** The loss below which to cry member for that advantage. */
  readonly threshold: number;
  /** True alarms ÷ members, at no more false alarms ÷ others than 1 in 10, 100 and 1,000. */
  readonly truePositiveRateAt: { readonly "0.1": number; readonly "0.01": number; readonly "0.001": number };
}

/**
 * Audits a trained model by the simplest attack, a threshold on the loss: a lower bound on what leaks. Memory: the losses.
 *
 * @example
 * const audit = membershipInference({ members: [0.1, 0.2], others: [0.3, 0.15] });
 * audit.auc; // 0.75
 */
export function membershipInference({ members, others }: MembershipInputs): MembershipAudit {
  for (const [name, losses] of [
    ["members", members],
    ["others", others],
  ] as const) {
    requireSome("membershipInference", name, losses);
    requireNoNaN("membershipInference", name, losses);
  }
  const [inside, outside] = [flatNumbers(members), flatNumbers(others)];
  if (inside.length < 2 || outside.length < 2) {
    throw new DataError(`membershipInference: expected at least 2 losses a side, got ${inside.length} and ${outside.length}.`);
  }
  const scores = Float64Array.from({ length: inside.length + outside.length }, (_, i) =>
    i < inside.length ? -inside[i]! : -outside[i - inside.length]!,
  );
  const counts = countAbove({ isYes: (i) => i < inside.length, scores, weights: new Float64Array(scores.length).fill(1) });
  const auc = areaUnderRoc(counts);
  let [advantage, threshold] = [0, Number.NEGATIVE_INFINITY];
  const rateAt = { "0.1": 0, "0.01": 0, "0.001": 0 };
  counts.thresholds.forEach((score, at) => {
    const hits = counts.truePositives[at]! / counts.positives;
    const alarms = counts.falsePositives[at]! / counts.negatives;
    if (hits - alarms > advantage) [advantage, threshold] = [hits - alarms, -score];
    for (const limit of ["0.1", "0.01", "0.001"] as const) if (alarms <= Number(limit)) rateAt[limit] = Math.max(rateAt[limit], hits);
  });
  const [q1, q2] = [auc / (2 - auc), (2 * auc * auc) / (1 + auc)];
  const variance =
    (auc * (1 - auc) + (inside.length - 1) * (q1 - auc * auc) + (outside.length - 1) * (q2 - auc * auc)) / (inside.length * outside.length);
  return { auc, standardError: Math.sqrt(Math.max(0, variance)), advantage, threshold, truePositiveRateAt: rateAt };
}
