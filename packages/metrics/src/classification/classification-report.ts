/** Precision, recall and F1 of every class and on average: as data, and as the text scikit-learn prints. */

import { type HostTensor, OptionError } from "@dl/core";
import {
  type Average,
  averageRatio,
  divide,
  fBetaRatio,
  type Outcomes,
  outcomesOf,
  precisionRatio,
  recallRatio,
  type ZeroDivision,
} from "./outcome-counts.ts";

/** One line of a report. */
export interface ReportRow {
  readonly name: string;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** How many examples have the class. */
  readonly support: number;
}

export interface ClassificationReport {
  readonly classes: readonly ReportRow[];
  readonly accuracy: number;
  readonly macroAverage: ReportRow;
  readonly weightedAverage: ReportRow;
}

export interface ClassificationReportOptions {
  /** Names of the classes, in order. Default: their numbers. */
  readonly names?: readonly string[];
  /** What precision of a class never predicted, or recall of a class never seen, counts as. Default 0. */
  readonly zeroDivision?: ZeroDivision;
}

/**
 * The report of a confusion matrix `[C, C]`.
 *
 * @example
 * const confusion = new ConfusionMatrix({ classes: 2 });
 * confusion.update({ labels: [0, 1, 1], predictions: [0, 0, 1] });
 * const report = classificationReport(confusion.result(), { names: ["cat", "dog"] });
 * report.classes[1]; // { name: "dog", precision: 1, recall: 0.5, f1: 0.6666666666666666, support: 2 }
 */
export function classificationReport(confusion: HostTensor, options: ClassificationReportOptions = {}): ClassificationReport {
  const { names, zeroDivision = 0 } = options;
  const outcomes = outcomesOf(confusion);
  if (names !== undefined && names.length !== outcomes.length) {
    throw new OptionError(`classificationReport: expected ${outcomes.length} names, one a class, got ${names.length}.`);
  }
  const f1Ratio = fBetaRatio(1);
  const support = (o: Outcomes): number => o.truePositives + o.falseNegatives;
  const total = outcomes.reduce((sum, o) => sum + support(o), 0);
  const averageRow = (average: Average): ReportRow => ({
    name: `${average} avg`,
    precision: averageRatio(outcomes, precisionRatio, { average, zeroDivision }),
    recall: averageRatio(outcomes, recallRatio, { average, zeroDivision }),
    f1: averageRatio(outcomes, f1Ratio, { average, zeroDivision }),
    support: total,
  });
  return {
    classes: outcomes.map((o, c) => ({
      name: names?.[c] ?? String(c),
      precision: divide(precisionRatio(o), zeroDivision),
      recall: divide(recallRatio(o), zeroDivision),
      f1: divide(f1Ratio(o), zeroDivision),
      support: support(o),
    })),
    accuracy: averageRatio(outcomes, f1Ratio, { average: "micro", zeroDivision }),
    macroAverage: averageRow("macro"),
    weightedAverage: averageRow("weighted"),
  };
}

export interface FormatReportOptions {
  /** Decimals of the ratios. Default 2. */
  readonly digits?: number;
}

/** The report as text, byte for byte what `sklearn.metrics.classification_report` returns. */
export function formatClassificationReport(report: ClassificationReport, { digits = 2 }: FormatReportOptions = {}): string {
  if (!Number.isInteger(digits) || digits < 0 || digits > 20) {
    throw new OptionError(`formatClassificationReport: expected digits from 0 to 20, got ${digits}.`);
  }
  const columns = ["precision", "recall", "f1-score", "support"];
  const width = Math.max(...report.classes.map(({ name }) => [...name].length), "weighted avg".length, digits);
  const line = (name: string, cells: readonly string[]): string =>
    `${" ".repeat(width - [...name].length)}${name} ${cells.map((cell) => ` ${cell.padStart(9)}`).join("")}\n`;
  const number = (value: number): string => toFixedHalfEven(value, digits);
  const row = (r: ReportRow): string => line(r.name, [number(r.precision), number(r.recall), number(r.f1), String(r.support)]);
  return [
    line("", columns),
    "\n",
    ...report.classes.map(row),
    "\n",
    line("accuracy", ["", "", number(report.accuracy), String(report.macroAverage.support)]),
    row(report.macroAverage),
    row(report.weightedAverage),
  ].join("");
}

/** Decimals as Python prints them: an exact tie goes to the even digit, where `toFixed` goes up. 0.125 → 0.12. */
function toFixedHalfEven(value: number, digits: number): string {
  if (Number.isNaN(value)) return "nan";
  const exact = value.toFixed(digits + 25);
  const kept = exact.slice(0, exact.length - 25).replace(/\.$/, "");
  const isTie = /^50*$/.test(exact.slice(-25));
  return isTie && Number(kept.at(-1)) % 2 === 0 ? kept : value.toFixed(digits);
}
