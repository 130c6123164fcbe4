/** A report of how a classifier treats the groups of a column: every class, gaps, calibration, how sure they are. */

import { DataError, OptionError, type Rng } from "@dl/core";
import { requireClasses } from "../classification/class-inputs.ts";
import { flatNumbers, type Numbers, requireSameSize, requireSome } from "../numbers.ts";
import { bootstrapInterval } from "../significance/bootstrap.ts";
import { groupCalibration } from "./calibration-gap.ts";
import { type FairnessResult, GroupFairness, gap } from "./group-fairness.ts";
import { type Groups, rowsOfGroups } from "./group-rows.ts";

export interface BiasAuditInputs {
  /** True classes, whole numbers from 0. */
  readonly labels: Numbers;
  readonly predictions: Numbers;
  /** Probabilities `[N, C]`, for calibration by group. Default: no calibration. */
  readonly probabilities?: Numbers;
  readonly groups: Groups;
}

export interface BiasAuditOptions {
  /** What the groups are, such as `age`. Default `group`. */
  readonly column?: string;
  /** Names of the classes, in order. Default: their numbers. */
  readonly classes?: readonly string[];
  /** Gaps above this are flagged. Default 0.1. */
  readonly tolerance?: number;
  /** Groups with fewer examples are flagged: their rates are mostly chance. Default 30. */
  readonly smallest?: number;
  /** For intervals of the gaps by bootstrap, 500 resamples. Default: no intervals. */
  readonly rng?: Rng;
}

export interface BiasGap {
  readonly value: number;
  /** 95 % of resampled gaps; undefined without `rng`. A gap is never below 0, and chance alone makes one. */
  readonly interval: readonly [low: number, high: number] | undefined;
  readonly isFlagged: boolean;
}

export interface ClassAudit {
  readonly name: string;
  /** Taking this class for the yes. */
  readonly fairness: FairnessResult;
  readonly demographicParity: BiasGap;
  readonly equalizedOdds: BiasGap;
}

export interface GroupSummary {
  readonly group: string;
  readonly count: number;
  readonly accuracy: number;
  /** Expected calibration error, 15 bins; undefined without probabilities. */
  readonly calibrationError: number | undefined;
  readonly isSmall: boolean;
}

export interface BiasAudit {
  readonly column: string;
  readonly tolerance: number;
  readonly groups: readonly GroupSummary[];
  readonly accuracy: BiasGap;
  readonly calibration: BiasGap | undefined;
  /** A binary problem has one, the yes. */
  readonly classes: readonly ClassAudit[];
}

/**
 * Audits predictions of any classifier by any column of groups.
 *
 * @example
 * const labels = [1, 1, 0, 0, 1, 1, 0, 0];
 * const audit = biasAudit({ labels, predictions: [1, 1, 0, 0, 0, 1, 1, 0], groups: [..."aaaabbbb"] }, { column: "school" });
 * audit.accuracy; // { value: 0.5, interval: undefined, isFlagged: true }
 */
export function biasAudit(inputs: BiasAuditInputs, options: BiasAuditOptions = {}): BiasAudit {
  const { column = "group", tolerance = 0.1, smallest = 30, rng } = options;
  if (!(tolerance >= 0)) throw new OptionError(`biasAudit: expected a tolerance of at least 0, got ${tolerance}.`);
  requireSome("biasAudit", "labels", inputs.labels);
  requireSameSize("biasAudit", ["labels", inputs.labels], ["predictions", inputs.predictions]);
  const [labels, predictions] = [flatNumbers(inputs.labels), flatNumbers(inputs.predictions)];
  const names = options.classes ?? namesOf(labels, predictions);
  requireClasses("biasAudit", "labels", labels, Math.max(2, names.length));
  requireClasses("biasAudit", "predictions", predictions, Math.max(2, names.length));
  const rows = rowsOfGroups("biasAudit", inputs.groups);
  const groups: string[] = [];
  for (const [name, own] of rows) for (const row of own) groups[row] = name;
  if (groups.length !== labels.length) throw new DataError(`biasAudit: expected ${labels.length} groups, got ${groups.length}.`);
  if (rows.size < 2) throw new DataError(`biasAudit: expected at least 2 groups in ${column}, got ${rows.size}.`);
  const places = new Map([...rows.keys()].map((name, place) => [name, place]));
  const groupOf = Int32Array.from(groups, (name) => places.get(name)!);
  const all = Int32Array.from(labels, (_, i) => i);
  const toGap = (name: string, gapOf: (rows: Int32Array) => number): BiasGap => {
    const value = gapOf(all);
    const interval = rng && bootstrapInterval(labels.length, (own) => gapOf(own) || 0, { rng: rng.fork(name), resamples: 500 });
    return { value, interval: interval && [interval.low, interval.high], isFlagged: value > tolerance };
  };
  const { probabilities } = inputs;
  const calibration = probabilities && groupCalibration({ labels: inputs.labels, probabilities }, { groupOf, groupCount: rows.size });
  const calibrations = calibration?.errors(all);
  const hits = Float64Array.from(labels, (label, i) => Number(label === predictions[i]));
  const hitRates = (own: Int32Array): Float64Array => meansByGroup(own, hits, groupOf);
  const everyone = hitRates(all);
  return {
    column,
    tolerance,
    groups: [...rows].map(([group, own], place) => ({
      group,
      count: own.length,
      accuracy: everyone[place]!,
      calibrationError: calibrations?.[place],
      isSmall: own.length < smallest,
    })),
    accuracy: toGap("accuracy", (own) => gap([...hitRates(own)])),
    calibration: calibration && toGap("calibration", calibration.gap),
    classes: names.flatMap((name, c) => {
      // Of a yes-or-no question the no says the same over again.
      if (names.length === 2 && c === 0) return [];
      const is = (values: ArrayLike<number>): Uint8Array => Uint8Array.from(values, (value) => Number(value === c));
      const [truth, told] = [is(labels), is(predictions)];
      const fairness = new GroupFairness();
      fairness.update({ labels: truth, predictions: told, groups });
      const gapsOf = (own: Int32Array) => fastGaps(own, { truth, told, groupOf, groupCount: rows.size });
      return [
        {
          name,
          fairness: fairness.result(),
          demographicParity: toGap(`parity ${c}`, (own) => gapsOf(own).parity),
          equalizedOdds: toGap(`odds ${c}`, (own) => gapsOf(own).odds),
        },
      ];
    }),
  };
}

interface FastRows {
  readonly truth: Uint8Array;
  readonly told: Uint8Array;
  readonly groupOf: Int32Array;
  readonly groupCount: number;
}

/** The gaps of `GroupFairness` for some rows, without its checks: hundreds of resamples ask for them. */
function fastGaps(rows: Int32Array, { truth, told, groupOf, groupCount }: FastRows): { readonly parity: number; readonly odds: number } {
  const counts = new Float64Array(4 * groupCount); // true negatives, false positives, false negatives, true positives, a group four
  for (const row of rows) counts[4 * groupOf[row]! + 2 * truth[row]! + told[row]!]!++;
  const [selected, hits, alarms] = [new Float64Array(groupCount), new Float64Array(groupCount), new Float64Array(groupCount)];
  for (let g = 0; g < groupCount; g++) {
    const [trueNo, falseYes, falseNo, trueYes] = counts.subarray(4 * g, 4 * g + 4) as unknown as [number, number, number, number];
    // 0 ÷ 0 is NaN, and left out of the gap.
    selected[g] = (falseYes + trueYes) / (trueNo + falseYes + falseNo + trueYes);
    hits[g] = trueYes / (trueYes + falseNo);
    alarms[g] = falseYes / (falseYes + trueNo);
  }
  return { parity: gap([...selected]), odds: Math.max(gap([...hits]) || 0, gap([...alarms]) || 0) };
}

function namesOf(labels: ArrayLike<number>, predictions: ArrayLike<number>): string[] {
  let largest = 1;
  for (let i = 0; i < labels.length; i++) largest = Math.max(largest, labels[i]!, predictions[i]!);
  return Array.from({ length: largest + 1 }, (_, c) => String(c));
}

/** The mean of each group, by its place; NaN for one that is not among the rows. */
function meansByGroup(rows: Int32Array, values: Float64Array, groupOf: Int32Array): Float64Array {
  const groupCount = groupOf.reduce((a, b) => Math.max(a, b), 0) + 1;
  const [sums, counts] = [new Float64Array(groupCount), new Float64Array(groupCount)];
  for (const row of rows) {
    sums[groupOf[row]!]! += values[row]!;
    counts[groupOf[row]!]!++;
  }
  return sums.map((sum, g) => sum / counts[g]!);
}
