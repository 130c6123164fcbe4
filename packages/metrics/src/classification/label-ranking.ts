/** How well scores order the labels of each example: the yes before the no. Tsoumakas et al. 2010, "Mining multi-label data", section 3; as scikit-learn has it. */

import { OptionError } from "@dl/core";
import type { Metric } from "../metric.ts";
import { flatNumbers, nothingAdded } from "../numbers.ts";
import type { ScoreInputs } from "./class-inputs.ts";
import { type MultilabelTask, readYesNo } from "./outcome-counter.ts";

export type LabelRankingOptions = Omit<MultilabelTask, "task" | "threshold">;

/** Means over examples; of equal scores the no comes first. */
export interface LabelRankingResult {
  /** For each yes, the share of yes among the labels scored as high or higher; 1 for an example of one kind alone. 1 is best. */
  readonly averagePrecision: number;
  /** How many labels, the best first, have all that is yes; 0 where nothing is. */
  readonly coverageError: number;
  /** Pairs of yes and no in the wrong order ÷ pairs; 0 where there are none. 0 is best. */
  readonly rankingLoss: number;
}

export interface LabelRankingState {
  readonly averagePrecision: number;
  readonly coverage: number;
  readonly loss: number;
  readonly weight: number;
}

const nothing: LabelRankingState = { averagePrecision: 0, coverage: 0, loss: 0, weight: 0 };

/**
 * Labels and scores `[…, labelCount]`, a weight for each example.
 *
 * @example
 * const ranking = new LabelRanking({ labelCount: 3 });
 * ranking.update({ labels: [1, 0, 0], scores: [0.75, 0.5, 1] });
 * ranking.result(); // { averagePrecision: 0.5, coverageError: 2, rankingLoss: 0.5 }
 */
export class LabelRanking implements Metric<ScoreInputs, LabelRankingResult, LabelRankingState> {
  readonly #task: MultilabelTask;
  #sums = nothing;

  constructor(options: LabelRankingOptions) {
    this.#task = { ...options, task: "multilabel" };
    if (!Number.isInteger(options.labelCount) || options.labelCount < 1) {
      throw new OptionError(`LabelRanking: expected a labelCount of at least 1, got ${options.labelCount}.`);
    }
  }

  /** @throws OptionError for predictions without scores: they have no order. */
  update(inputs: ScoreInputs): void {
    if (inputs.scores === undefined) throw new OptionError("LabelRanking.update: expected scores, which have an order, got none.");
    const { labels, weights } = readYesNo("LabelRanking.update", inputs, this.#task);
    const { labelCount, ignoreLabel } = this.#task;
    const [given, scores] = [flatNumbers(inputs.labels), flatNumbers(inputs.scores)];
    for (let start = 0; start < labels.length; start += labelCount) {
      const yes: number[] = [];
      const no: number[] = [];
      let weight = 0;
      for (let i = start; i < start + labelCount; i++) {
        if (given[i] === ignoreLabel) continue;
        // An example's own weight is that of any label that is not ignored.
        weight = weights[i]!;
        (labels[i] === 1 ? yes : no).push(scores[i]!);
      }
      if (yes.length + no.length > 0) this.#add(rankingOf(yes, no), weight);
    }
  }

  #add({ averagePrecision, coverageError, rankingLoss }: LabelRankingResult, weight: number): void {
    const sums = this.#sums;
    this.#sums = {
      averagePrecision: sums.averagePrecision + weight * averagePrecision,
      coverage: sums.coverage + weight * coverageError,
      loss: sums.loss + weight * rankingLoss,
      weight: sums.weight + weight,
    };
  }

  result(): LabelRankingResult {
    const { averagePrecision, coverage, loss, weight } = this.#sums;
    if (weight === 0) throw nothingAdded("LabelRanking.result");
    return { averagePrecision: averagePrecision / weight, coverageError: coverage / weight, rankingLoss: loss / weight };
  }

  reset(): void {
    this.#sums = nothing;
  }

  merge(other: this): void {
    if (other.#task.labelCount !== this.#task.labelCount) {
      throw new OptionError(`LabelRanking.merge: expected equal label counts, got ${this.#task.labelCount} and ${other.#task.labelCount}.`);
    }
    const { averagePrecision, coverage, loss, weight } = other.#sums;
    if (weight > 0) {
      const means = { averagePrecision: averagePrecision / weight, coverageError: coverage / weight, rankingLoss: loss / weight };
      this.#add(means, weight);
    }
  }

  state(): LabelRankingState {
    return this.#sums;
  }

  restore(state: LabelRankingState): void {
    this.#sums = { ...state };
  }
}

/** One example, by the scores of its yes and of its no. */
function rankingOf(yes: readonly number[], no: readonly number[]): LabelRankingResult {
  const least = Math.min(...yes);
  const coverageError = yes.length === 0 ? 0 : yes.length + no.filter((score) => score >= least).length;
  if (yes.length === 0 || no.length === 0) return { averagePrecision: 1, coverageError, rankingLoss: 0 };
  let [precision, wrong] = [0, 0];
  for (const score of yes) {
    const yesAbove = yes.filter((other) => other >= score).length;
    const noAbove = no.filter((other) => other >= score).length;
    precision += yesAbove / (yesAbove + noAbove);
    wrong += noAbove;
  }
  return { averagePrecision: precision / yes.length, coverageError, rankingLoss: wrong / (yes.length * no.length) };
}
