/** Whether a yes-or-no classifier treats groups alike. Hardt, Price & Srebro 2016, arXiv:1610.02413; as fairlearn defines its gaps. */

import { OptionError } from "@dl/core";
import type { ClassInputs } from "../classification/class-inputs.ts";
import { OutcomeCounter, type OutcomeState } from "../classification/outcome-counter.ts";
import type { Metric } from "../metric.ts";
import { ByGroup, type ByGroupState } from "./by-group.ts";
import type { Groups } from "./group-rows.ts";

export interface GroupFairnessOptions {
  /** A score of at least this is a yes. Default 0.5, for probabilities; give 0 for logits. */
  readonly threshold?: number;
}

/** NaN where a group has nothing to divide by: no yes, or no no. */
export interface GroupRates {
  readonly group: string;
  readonly count: number;
  /** Share that is told yes. */
  readonly selectionRate: number;
  /** Of those who are a yes, the share that is told so. */
  readonly truePositiveRate: number;
  /** Of those who are a no, the share that is told yes. */
  readonly falsePositiveRate: number;
  /** Of those who are told yes, the share that is one. */
  readonly precision: number;
  readonly accuracy: number;
  /** Share that is a yes. */
  readonly baseRate: number;
}

export interface FairnessResult {
  readonly groups: readonly GroupRates[];
  /** Largest selection rate less the smallest. 0: demographic parity. */
  readonly demographicParityDifference: number;
  /** Smallest selection rate ÷ the largest; the four-fifths rule asks for 0.8. NaN if nobody is told yes. */
  readonly demographicParityRatio: number;
  /** Largest true-positive rate less the smallest. */
  readonly equalOpportunityDifference: number;
  /** The larger of the gaps of true- and of false-positive rates. 0: equalised odds. */
  readonly equalizedOddsDifference: number;
  /** The smaller of the ratios of true- and of false-positive rates. */
  readonly equalizedOddsRatio: number;
  /** Gap of precision: predictive parity. */
  readonly predictiveParityDifference: number;
  readonly accuracyDifference: number;
}

/** Outcomes of one group, as a metric. */
class Outcomes implements Metric<ClassInputs, GroupRates, OutcomeState> {
  readonly #counter: OutcomeCounter;

  constructor(threshold: number) {
    this.#counter = new OutcomeCounter("GroupFairness", { task: "binary", threshold });
  }

  update(inputs: ClassInputs): void {
    this.#counter.update(inputs);
  }

  result(): GroupRates {
    const { truePositives, falsePositives, falseNegatives, trueNegatives } = this.#counter.outcomes(0);
    const [yes, no, told] = [truePositives + falseNegatives, falsePositives + trueNegatives, truePositives + falsePositives];
    const share = (part: number, whole: number): number => (whole === 0 ? Number.NaN : part / whole);
    return {
      group: "",
      count: 0,
      selectionRate: share(told, yes + no),
      truePositiveRate: share(truePositives, yes),
      falsePositiveRate: share(falsePositives, no),
      precision: share(truePositives, told),
      accuracy: share(truePositives + trueNegatives, yes + no),
      baseRate: share(yes, yes + no),
    };
  }

  reset(): void {
    this.#counter.reset();
  }

  merge(other: this): void {
    this.#counter.merge(other.#counter);
  }

  state(): OutcomeState {
    return this.#counter.state();
  }

  restore(state: OutcomeState): void {
    this.#counter.restore(state);
  }
}

/**
 * Rates of each group and the gaps between them. A rate that a group does not have is left out of its gap.
 *
 * @example
 * const fairness = new GroupFairness();
 * fairness.update({ labels: [1, 0, 1, 0], predictions: [1, 1, 1, 0], groups: ["a", "a", "b", "b"] });
 * fairness.result().demographicParityDifference; // 0.5
 */
export class GroupFairness implements Metric<ClassInputs & { readonly groups: Groups }, FairnessResult, ByGroupState<OutcomeState>> {
  readonly #groups: ByGroup<ClassInputs, GroupRates, OutcomeState>;

  constructor({ threshold = 0.5 }: GroupFairnessOptions = {}) {
    if (Number.isNaN(threshold)) throw new OptionError("GroupFairness: expected a threshold, got NaN.");
    this.#groups = new ByGroup({ metric: () => new Outcomes(threshold) });
  }

  update(inputs: ClassInputs & { readonly groups: Groups }): void {
    this.#groups.update(inputs);
  }

  result(): FairnessResult {
    const groups = this.#groups.result().map(({ group, count, result }) => ({ ...result, group, count }));
    const gapOf = (key: Exclude<keyof GroupRates, "group">): number => gap(groups.map((rates) => rates[key]));
    const ratioOf = (key: Exclude<keyof GroupRates, "group">): number => ratio(groups.map((rates) => rates[key]));
    return {
      groups,
      demographicParityDifference: gapOf("selectionRate"),
      demographicParityRatio: ratioOf("selectionRate"),
      equalOpportunityDifference: gapOf("truePositiveRate"),
      equalizedOddsDifference: worst([gapOf("truePositiveRate"), gapOf("falsePositiveRate")], Math.max),
      equalizedOddsRatio: worst([ratioOf("truePositiveRate"), ratioOf("falsePositiveRate")], Math.min),
      predictiveParityDifference: gapOf("precision"),
      accuracyDifference: gapOf("accuracy"),
    };
  }

  reset(): void {
    this.#groups.reset();
  }

  merge(other: this): void {
    this.#groups.merge(other.#groups);
  }

  state(): ByGroupState<OutcomeState> {
    return this.#groups.state();
  }

  restore(state: ByGroupState<OutcomeState>): void {
    this.#groups.restore(state);
  }
}

/** Largest less smallest; NaN of nothing. */
export function gap(values: readonly number[]): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.length === 0 ? Number.NaN : Math.max(...defined) - Math.min(...defined);
}

function ratio(values: readonly number[]): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  const largest = Math.max(...defined);
  return defined.length === 0 || largest === 0 ? Number.NaN : Math.min(...defined) / largest;
}

function worst(values: readonly number[], pick: (...values: number[]) => number): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.length === 0 ? Number.NaN : pick(...defined);
}
