/** Everything the panel tells about predictions: report, calibration, fairness. Runs in the panel's worker. */

import { DataError, Rng } from "@dl/core";
import {
  type BiasAudit,
  biasAudit,
  bootstrapInterval,
  CalibrationError,
  type ClassificationReport,
  ConfusionMatrix,
  classificationReport,
  mcNemar,
} from "@dl/metrics";
import type { Roles, Table } from "./table.ts";

/** More classes than this are a number, not a class. */
const mostClasses = 100;
const bins = 10;

export interface ReliabilityBin {
  readonly count: number;
  /** Means over the bin. */
  readonly confidence: number;
  readonly accuracy: number;
}

export interface Examination {
  readonly classNames: readonly string[];
  readonly count: number;
  readonly report: ClassificationReport;
  /** 95 % of resampled accuracies. */
  readonly interval: readonly [number, number];
  readonly confusion: readonly number[];
  /** Undefined without probabilities. */
  readonly calibration: { readonly error: number; readonly bins: readonly ReliabilityBin[] } | undefined;
  /** Undefined without a column of groups. */
  readonly fairness: BiasAudit | undefined;
  /** The accuracy of always saying the most frequent class, and how likely so large a difference to it is by chance. */
  readonly majority: { readonly name: string; readonly accuracy: number; readonly pValue: number };
}

/** @throws DataError when the columns cannot be what they are taken for. */
export function examine({ columns, rows }: Table, roles: Roles): Examination {
  const truth = columns.get(roles.label)!;
  const shares = roles.scores.map((name) => Float64Array.from(columns.get(name)!, (text, row) => shareOf(text, { name, row })));
  const told = roles.prediction === undefined ? undefined : columns.get(roles.prediction)!;
  if (told === undefined && shares.length === 0)
    throw new DataError("Expected a column of predictions or of probabilities, got neither. Choose one.");
  const { classNames, places } = classesOf(truth, told);
  if (classNames.length > mostClasses)
    throw new DataError(`"${roles.label}" has ${classNames.length} different values: that is no column of classes. Choose another.`);
  if (classNames.length < 2) throw new DataError(`"${roles.label}" has only the value "${classNames[0]}": there is nothing to tell apart.`);
  const labels = Int32Array.from(truth, (name) => places.get(name)!);
  const probabilities = probabilitiesOf(shares, { rows, classes: classNames.length, named: classesNamed(roles.scores, classNames) });
  const predictions = told
    ? Int32Array.from(told, (name) => places.get(name)!)
    : Int32Array.from(labels, (_, row) => largest(probabilities!.subarray(row * classNames.length, (row + 1) * classNames.length)));
  const confusion = new ConfusionMatrix({ classes: classNames.length });
  confusion.update({ labels, predictions });
  const counts = confusion.result();
  const hits = Uint8Array.from(labels, (label, row) => Number(label === predictions[row]));
  const { low, high } = bootstrapInterval(rows, (own) => own.reduce((sum, row) => sum + hits[row]!, 0) / own.length, {
    rng: new Rng(1),
    resamples: 1000,
  });
  const frequencies = classNames.map((_, c) => labels.reduce((sum, label) => sum + Number(label === c), 0));
  const major = frequencies.indexOf(Math.max(...frequencies));
  const { pValue } = mcNemar({ labels, first: predictions, second: new Int32Array(rows).fill(major) });
  const groups = roles.group === undefined ? undefined : columns.get(roles.group)!;
  return {
    classNames,
    count: rows,
    report: classificationReport(counts, { names: classNames }),
    interval: [low, high],
    confusion: Array.from(counts.data),
    calibration: probabilities && reliability(hits, confidencesOf(probabilities, predictions, classNames.length)),
    fairness:
      groups &&
      biasAudit(
        { labels, predictions, groups, ...(probabilities && { probabilities }) },
        { column: roles.group!, classes: classNames, rng: new Rng(1) },
      ),
    majority: { name: classNames[major]!, accuracy: frequencies[major]! / rows, pValue },
  };
}

/** Numbers in their order, words in the alphabet's; and the place of each. A number is one class however it is written: `1` and `1.0`. */
function classesOf(...columns: readonly (readonly string[] | undefined)[]): {
  readonly classNames: readonly string[];
  readonly places: ReadonlyMap<string, number>;
} {
  const names = [...new Set(columns.flatMap((column) => column ?? []))];
  const empty = names.indexOf("");
  if (empty >= 0) throw new DataError("Some rows have no label or no prediction. Fill them in, or leave the rows out.");
  const isNumeric = names.every((name) => Number.isFinite(Number(name)));
  if (!isNumeric) {
    const classNames = names.sort();
    return { classNames, places: new Map(classNames.map((name, i) => [name, i])) };
  }
  const numbers = [...new Set(names.map(Number))].sort((a, b) => a - b);
  return {
    // As the labels write it, which come first.
    classNames: numbers.map((number) => names.find((name) => Number(name) === number)!),
    places: new Map(names.map((name) => [name, numbers.indexOf(Number(name))])),
  };
}

/** The class that each column of probabilities names, as `p_cat` does; undefined unless each names another. */
function classesNamed(columns: readonly string[], classNames: readonly string[]): readonly number[] | undefined {
  const named = columns.map((column) => {
    const name = column.toLowerCase();
    const isNamed = (own: string): boolean => name === own || (name.endsWith(own) && /[_ .:-]/.test(name.at(-own.length - 1)!));
    const own = classNames.map((each) => each.toLowerCase()).filter(isNamed);
    // `p_big_cat` is of big_cat, not of cat.
    const longest = own.reduce((so, each) => (each.length > so.length ? each : so), "");
    return classNames.findIndex((each) => each.toLowerCase() === longest);
  });
  return named.includes(-1) || new Set(named).size < named.length ? undefined : named;
}

function shareOf(text: string, { name, row }: { name: string; row: number }): number {
  const share = Number(text);
  if (text === "" || !(share >= 0 && share <= 1))
    throw new DataError(`"${name}", row ${row + 1}: expected a probability from 0 to 1, got "${text}".`);
  return share;
}

/** `[N, C]` of a column a class, or of one column of two classes; undefined without columns. Columns that do not say whose they are stand in the classes' order, and a single one for the second. */
function probabilitiesOf(
  shares: readonly Float64Array[],
  { rows, classes, named }: { rows: number; classes: number; named: readonly number[] | undefined },
): Float64Array | undefined {
  if (shares.length === 0) return undefined;
  if (shares.length === classes) {
    const all = new Float64Array(rows * classes);
    for (let row = 0; row < rows; row++) {
      const sum = shares.reduce((total, column) => total + column[row]!, 0);
      if (Math.abs(sum - 1) > 0.02) throw new DataError(`Row ${row + 1}: expected probabilities that add up to 1, got ${sum.toFixed(3)}.`);
      shares.forEach((column, c) => {
        all[row * classes + (named?.[c] ?? c)] = column[row]! / sum;
      });
    }
    return all;
  }
  if (shares.length === 1 && classes === 2) {
    const told = named?.[0] ?? 1;
    return Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 === told ? shares[0]![i >> 1]! : 1 - shares[0]![i >> 1]!));
  }
  throw new DataError(`Expected ${classes} columns of probabilities, one a class${classes === 2 ? ", or one" : ""}, got ${shares.length}.`);
}

function largest(row: Float64Array): number {
  return row.indexOf(Math.max(...row));
}

function confidencesOf(probabilities: Float64Array, predictions: Int32Array, classes: number): Float64Array {
  return Float64Array.from(predictions, (prediction, row) => probabilities[row * classes + prediction]!);
}

/** Of the answer that was given: how often it is right at each confidence. */
function reliability(hits: Uint8Array, confidences: Float64Array): Examination["calibration"] {
  const error = new CalibrationError({ bins });
  error.update({ labels: hits, probabilities: confidences });
  const { counts, confidences: sums, hits: right } = error.state();
  return {
    error: error.result(),
    bins: counts.map((count, i) => ({
      count,
      confidence: count === 0 ? 0 : sums[i]! / count,
      accuracy: count === 0 ? 0 : right[i]! / count,
    })),
  };
}
