/** Keeps labels and scores for metrics over all thresholds: every one of them, or histograms of a fixed size. */

import { OptionError } from "@dl/core";
import { flatNumbers, readWeights, requireProbabilities } from "../numbers.ts";
import { readScoreRows, requireClassCount, type ScoreInputs } from "./class-inputs.ts";
import { readYesNo } from "./outcome-counter.ts";
import { countAbove, countBinned, type ThresholdCounts } from "./threshold-counts.ts";

/** Which questions are asked: one a class, one, or one a label; and a label that is left out, such as −100 for padding. Default: none. */
export type CurveTask = (
  | { readonly task?: "multiclass"; readonly classes: number }
  | { readonly task: "binary" }
  | { readonly task: "multilabel"; readonly labelCount: number }
) & { readonly ignoreLabel?: number };

export type CurveOptions = CurveTask & {
  /**
   * Default: exact, which keeps every score: 8 bytes × examples × (classes + 2). With a number n ≥ 2, scores from 0 to 1 are counted
   * at the n thresholds 0, 1/(n − 1), …, 1: 16 bytes × n × classes, however many examples, and an answer as coarse as the thresholds.
   */
  readonly thresholds?: number;
};

export interface ScoreStoreState {
  /** Exact: weights, labels (−1: left out) and scores, a column an array. Binned: histograms of yes and of no, a column two arrays. */
  readonly columns: readonly (readonly number[])[];
}

/** A batch, checked. */
interface Rows {
  /** Those of which some label counts. */
  readonly rows: readonly number[];
  /** Left-out ones are `leftOut`. */
  readonly labels: ArrayLike<number>;
  readonly scores: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
}

/** Stands for a label that is ignored. */
const leftOut = -1;

export class ScoreStore {
  readonly #name: string;
  readonly #task: CurveTask;
  readonly #bins: number | undefined;
  /** How many questions. */
  readonly questions: number;
  #columns: number[][];

  constructor(name: string, { thresholds, ...task }: CurveOptions) {
    if (thresholds !== undefined && (!Number.isInteger(thresholds) || thresholds < 2)) {
      throw new OptionError(`${name}: expected at least 2 thresholds, got ${thresholds}.`);
    }
    this.#name = name;
    this.#task = task;
    this.#bins = thresholds;
    this.questions = questionsOf(name, task);
    this.#columns = this.#empty();
  }

  get isEmpty(): boolean {
    return this.#bins === undefined ? this.#columns[0]!.length === 0 : this.#columns.every((counts) => counts.every((n) => n === 0));
  }

  get isBinned(): boolean {
    return this.#bins !== undefined;
  }

  update(inputs: ScoreInputs): void {
    const { rows, weights, labels, scores } = this.#read(inputs);
    const { questions } = this;
    const labelColumns = this.#labelColumns;
    if (this.#bins !== undefined) {
      requireProbabilities(`${this.#name}.update`, "scores", scores, {
        advice: "Give their sigmoid or softmax, or leave thresholds out.",
      });
      for (const row of rows) {
        for (let q = 0; q < questions; q++) {
          const label = labels[row * labelColumns + (q % labelColumns)]!;
          if (label === leftOut) continue;
          const bin = binOf(scores[row * questions + q]!, this.#bins);
          this.#columns[2 * q + (label === this.#yesOf(q) ? 0 : 1)]![bin]! += weights[row]!;
        }
      }
      return;
    }
    for (const row of rows) {
      this.#columns[0]!.push(weights[row]!);
      for (let c = 0; c < labelColumns; c++) this.#columns[1 + c]!.push(labels[row * labelColumns + c]!);
      for (let q = 0; q < questions; q++) this.#columns[1 + labelColumns + q]!.push(scores[row * questions + q]!);
    }
  }

  /** The counts of one question. */
  counts(question: number): ThresholdCounts {
    if (this.#bins !== undefined) return countBinned(this.#columns[2 * question]!, this.#columns[2 * question + 1]!);
    return this.#countCells(this.#columns[0]!.map((_, row) => row * this.questions + question));
  }

  /** The counts of all questions thrown together. */
  microCounts(): ThresholdCounts {
    const { questions } = this;
    if (this.#bins !== undefined) {
      const sum = (side: 0 | 1): Float64Array =>
        Float64Array.from({ length: this.#bins! }, (_, bin) => {
          let total = 0;
          for (let q = 0; q < questions; q++) total += this.#columns[2 * q + side]![bin]!;
          return total;
        });
      return countBinned(sum(0), sum(1));
    }
    return this.#countCells(Array.from({ length: this.#columns[0]!.length * questions }, (_, cell) => cell));
  }

  /** Multilabel and exact: the counts of each example over its labels, which count alike, and the weight of the example. */
  *sampleCounts(): Iterable<{ readonly counts: ThresholdCounts; readonly weight: number }> {
    const { questions } = this;
    for (const [row, weight] of this.#columns[0]!.entries()) {
      const cells = Array.from({ length: questions }, (_, question) => row * questions + question);
      yield { counts: this.#countCells(cells, () => 1), weight };
    }
  }

  /** Multiclass and exact: `yes` against `no`, by the score of `yes`, over the examples of these two classes. */
  pairCounts(yes: number, no: number): ThresholdCounts {
    const [weights, labels] = [this.#columns[0]!, this.#columns[1]!];
    const rows = labels.flatMap((label, row) => (label === yes || label === no ? [row] : []));
    const scores = this.#scores(yes);
    return countAbove({
      isYes: (i) => labels[rows[i]!] === yes,
      scores: rows.map((row) => scores[row]!),
      weights: rows.map((row) => weights[row]!),
    });
  }

  reset(): void {
    this.#columns = this.#empty();
  }

  merge(other: ScoreStore): void {
    if (other.questions !== this.questions || other.#bins !== this.#bins || other.#columns.length !== this.#columns.length) {
      throw new OptionError(`${this.#name}.merge: expected equal classes and thresholds, got ${this.#text()} and ${other.#text()}.`);
    }
    const theirs = other.state().columns;
    if (this.#bins === undefined)
      theirs.forEach((values, c) => {
        for (const value of values) this.#columns[c]!.push(value);
      });
    else this.#columns = this.#columns.map((counts, c) => counts.map((n, bin) => n + theirs[c]![bin]!));
  }

  state(): ScoreStoreState {
    return { columns: this.#columns.map((column) => column.slice()) };
  }

  restore({ columns }: ScoreStoreState): void {
    const length = this.#bins ?? columns[0]?.length;
    if (columns.length !== this.#columns.length || columns.some((column) => column.length !== length)) {
      throw new OptionError(
        `${this.#name}.restore: expected ${this.#columns.length} equally long columns (${this.#text()}), got ${columns.length}.`,
      );
    }
    this.#columns = columns.map((column) => column.slice());
  }

  #text(): string {
    return `${this.questions} with ${this.#bins === undefined ? "exact" : this.#bins} thresholds`;
  }

  #empty(): number[][] {
    if (this.#bins !== undefined) return Array.from({ length: 2 * this.questions }, () => new Array<number>(this.#bins!).fill(0));
    const labelColumns = this.#labelColumns;
    return Array.from({ length: 1 + labelColumns + this.questions }, () => []);
  }

  /** Columns of labels: one a label, or one for all classes. */
  get #labelColumns(): number {
    return this.#task.task === "multilabel" ? this.questions : 1;
  }

  /** The label that is a question's yes. */
  #yesOf(question: number): number {
    return this.#task.task === "binary" || this.#task.task === "multilabel" ? 1 : question;
  }

  #scores(question: number): readonly number[] {
    return this.#columns[this.#columns.length - this.questions + question]!;
  }

  /** Counts questions to examples, each numbered row · questions + question; those to a label that is left out are none. */
  #countCells(cells: readonly number[], weigh: (row: number) => number = (row) => this.#columns[0]![row]!): ThresholdCounts {
    const { questions } = this;
    const labelColumns = this.#labelColumns;
    const rowOf = (cell: number): number => Math.floor(cell / questions);
    const labelOf = (cell: number): number => this.#columns[1 + ((cell % questions) % labelColumns)]![rowOf(cell)]!;
    const kept = cells.filter((cell) => labelOf(cell) !== leftOut);
    return countAbove({
      isYes: (i) => labelOf(kept[i]!) === this.#yesOf(kept[i]! % questions),
      scores: Float64Array.from(kept, (cell) => this.#scores(cell % questions)[rowOf(cell)]!),
      weights: Float64Array.from(kept, (cell) => weigh(rowOf(cell))),
    });
  }

  #read(inputs: ScoreInputs): Rows {
    const where = `${this.#name}.update`;
    const task = this.#task;
    const labelColumns = this.#labelColumns;
    const checked =
      task.task === "binary" || task.task === "multilabel"
        ? // Checked as if to be thresholded; the scores are what stays.
          readYesNo(where, inputs, task)
        : readScoreRows(where, inputs, { classes: task.classes, ignoreLabel: task.ignoreLabel });
    const given = flatNumbers(inputs.labels);
    const labels = Float64Array.from(checked.labels, (label, i) => (given[i] === task.ignoreLabel ? leftOut : label));
    const count = labels.length / labelColumns;
    const rows: number[] = [];
    for (let row = 0; row < count; row++) {
      if (labels.subarray(row * labelColumns, (row + 1) * labelColumns).some((label) => label !== leftOut)) rows.push(row);
    }
    return { rows, labels, scores: flatNumbers(inputs.scores), weights: readWeights(where, inputs.weights, count) };
  }
}

function questionsOf(name: string, task: CurveTask): number {
  if (task.task === "binary") return 1;
  if (task.task !== "multilabel") {
    requireClassCount(name, task.classes);
    return task.classes;
  }
  if (!Number.isInteger(task.labelCount) || task.labelCount < 1) {
    throw new OptionError(`${name}: expected a labelCount of at least 1, got ${task.labelCount}.`);
  }
  return task.labelCount;
}

/** The last of the thresholds i ÷ (bins − 1) that the score reaches. */
function binOf(score: number, bins: number): number {
  const bin = Math.min(bins - 1, Math.floor(score * (bins - 1)));
  // Rounding of the product may go either way at a threshold.
  if (bin + 1 < bins && (bin + 1) / (bins - 1) <= score) return bin + 1;
  return bin / (bins - 1) > score ? bin - 1 : bin;
}
