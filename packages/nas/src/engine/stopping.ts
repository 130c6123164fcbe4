/** Stopping trials without promise, by what they report on the way. */

import { OptionError } from "@dl/core";
import type { TrialReport } from "./trial-record.ts";

/** Sees every report; says whether the trial goes on. */
export interface StoppingRule {
  goesOn(trial: number, report: TrialReport): boolean;
  /** The trial failed and is tried again: what it reported counts no more. */
  forget?(trial: number): void;
}

/**
 * Stops a trial whose best score so far is below the median of the means of the others up to the same step.
 * Golovin et al. 2017, "Google Vizier", section 3.2.1.
 *
 * @param options.warmUpSteps  Reports below this step stop nobody. Default 1.
 * @param options.warmUpTrials  So many trials must have come that far. Default 5.
 */
export function medianStopping({ warmUpSteps = 1, warmUpTrials = 5 }: { warmUpSteps?: number; warmUpTrials?: number } = {}): StoppingRule {
  const histories = new Map<number, TrialReport[]>();
  return {
    goesOn(trial, report) {
      const own = histories.get(trial) ?? [];
      own.push({ ...report });
      histories.set(trial, own);
      if (report.step < warmUpSteps) return true;
      const means = [...histories]
        .filter(([other, reports]) => other !== trial && reports.at(-1)!.step >= report.step)
        .map(([, reports]) => mean(reports.filter(({ step }) => step <= report.step).map(({ score }) => score)))
        .sort((a, b) => a - b);
      if (means.length < warmUpTrials) return true;
      const middle = means.length >> 1;
      const median = means.length % 2 === 1 ? means[middle]! : (means[middle - 1]! + means[middle]!) / 2;
      return Math.max(...own.map(({ score }) => score)) >= median;
    },
    forget: (trial) => void histories.delete(trial),
  };
}

/**
 * Stops a trial at a rung unless it is among the best of those that came there: the rule of ASHA for trials that run through.
 * Li et al. 2020, arXiv:1810.05934.
 *
 * @param options.rungs  Steps at which trials are compared: those they report.
 * @param options.reduction  One in so many goes on. Default 3.
 */
export function rungStopping({ rungs, reduction = 3 }: { rungs: readonly number[]; reduction?: number }): StoppingRule {
  if (!(rungs.length > 0 && reduction > 1)) {
    throw new OptionError(`rungStopping: expected at least one rung and a reduction above 1, got [${rungs.join(", ")}] and ${reduction}.`);
  }
  /** By rung, the score of each trial that came there. */
  const scores = new Map(rungs.map((rung) => [rung, new Map<number, number>()]));
  return {
    goesOn(trial, { step, score }) {
      const seen = scores.get(step);
      if (!seen) return true;
      seen.set(trial, score);
      const better = [...seen.values()].filter((other) => other > score).length;
      return better < Math.max(1, Math.ceil(seen.size / reduction));
    },
    forget(trial) {
      for (const seen of scores.values()) seen.delete(trial);
    },
  };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
