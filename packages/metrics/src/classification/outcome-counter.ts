/** Counts true and false positives and negatives batch by batch, for the three kinds of classification. */

import { DataError, OptionError, ShapeError } from "@dl/core";
import { describeNumbers, flatNumbers, isHostTensor, readWeights, requireNoNaN, requireSameSize, requireSome } from "../numbers.ts";
import { type ClassInputs, type ClassPairs, readClassPairs, requireClassCount, weighLabels } from "./class-inputs.ts";
import type { Outcomes } from "./outcome-counts.ts";

/** One class an example: labels `[…]` from 0 to `classes − 1`; scores `[…, classes]`. */
export interface MulticlassTask {
  readonly task?: "multiclass";
  readonly classes: number;
  /** A label that is left out, such as −100 for padding. Default: none. */
  readonly ignoreLabel?: number;
}

/** Yes or no: labels `[…]` of 0 and 1; scores `[…]`. */
export interface BinaryTask {
  readonly task: "binary";
  /** A score of at least this is a yes. Default 0.5, for probabilities; give 0 for logits. */
  readonly threshold?: number;
  /** A label that is left out, such as −1 for unknown. Default: none. */
  readonly ignoreLabel?: number;
}

/** Any number of labels an example: labels `[…, labelCount]` of 0 and 1; scores of the same shape. */
export interface MultilabelTask {
  readonly task: "multilabel";
  readonly labelCount: number;
  /** A score of at least this is a yes. Default 0.5, for probabilities; give 0 for logits. */
  readonly threshold?: number;
  /** A label that is left out, such as −1 for unknown. Default: none. */
  readonly ignoreLabel?: number;
}

export type ClassificationTask = MulticlassTask | BinaryTask | MultilabelTask;

export interface OutcomeState {
  readonly truePositives: readonly number[];
  readonly falsePositives: readonly number[];
  readonly falseNegatives: readonly number[];
  /** The weight of all labels of a class. */
  readonly totals: readonly number[];
  /** Of the tasks `binary` and `multilabel`. States of before have none: there it is what the others leave of `totals`. */
  readonly trueNegatives?: readonly number[];
}

/** The sums of every metric that is made of outcomes; `name` is the metric's, for messages. */
export class OutcomeCounter {
  readonly #name: string;
  readonly #task: ClassificationTask;
  readonly #columns: number;
  #truePositives: Float64Array;
  #falsePositives: Float64Array;
  #falseNegatives: Float64Array;
  /** Counted, not what the others leave of the total: of weights that leaves a rounding error, where 0 says that there is no "no" at all. */
  #trueNegatives: Float64Array;
  #totals: Float64Array;

  constructor(name: string, task: ClassificationTask) {
    this.#name = name;
    this.#task = task;
    this.#columns = columnsOf(name, task);
    this.#truePositives = new Float64Array(this.#columns);
    this.#falsePositives = new Float64Array(this.#columns);
    this.#falseNegatives = new Float64Array(this.#columns);
    this.#trueNegatives = new Float64Array(this.#columns);
    this.#totals = new Float64Array(this.#columns);
  }

  /** How many classes have counts: 1 for binary. */
  get columns(): number {
    return this.#columns;
  }

  /** The weight of all labels. */
  get count(): number {
    return this.#totals.reduce((a, b) => a + b);
  }

  update(inputs: ClassInputs): void {
    const where = `${this.#name}.update`;
    if (this.#task.task === "binary" || this.#task.task === "multilabel") {
      const { labels, predictions, weights } = readYesNo(where, inputs, this.#task);
      for (let i = 0; i < labels.length; i++) {
        const column = i % this.#columns;
        this.#totals[column]! += weights[i]!;
        if (labels[i] === 1 && predictions[i] === 1) this.#truePositives[column]! += weights[i]!;
        else if (predictions[i] === 1) this.#falsePositives[column]! += weights[i]!;
        else if (labels[i] === 1) this.#falseNegatives[column]! += weights[i]!;
        else this.#trueNegatives[column]! += weights[i]!;
      }
      return;
    }
    const { classes, ignoreLabel } = this.#task;
    const { labels, predictions, weights } = readClassPairs(where, inputs, { classes, ignoreLabel });
    let total = 0;
    for (let i = 0; i < labels.length; i++) {
      const weight = weights[i]!;
      total += weight;
      if (labels[i] === predictions[i]) this.#truePositives[labels[i]!]! += weight;
      else {
        this.#falseNegatives[labels[i]!]! += weight;
        this.#falsePositives[predictions[i]!]! += weight;
      }
    }
    for (let c = 0; c < classes; c++) this.#totals[c]! += total;
  }

  get #isMulticlass(): boolean {
    return this.#task.task === undefined || this.#task.task === "multiclass";
  }

  outcomes(column: number): Outcomes {
    const truePositives = this.#truePositives[column]!;
    const falsePositives = this.#falsePositives[column]!;
    const falseNegatives = this.#falseNegatives[column]!;
    if (!this.#isMulticlass) return { truePositives, falsePositives, falseNegatives, trueNegatives: this.#trueNegatives[column]! };
    // Examples of the other classes that were not taken for this one; there are no others where their weights add up to 0.
    let others = 0;
    for (let c = 0; c < this.#columns; c++) if (c !== column) others += this.#truePositives[c]! + this.#falseNegatives[c]!;
    return { truePositives, falsePositives, falseNegatives, trueNegatives: Math.max(0, others - falsePositives) };
  }

  reset(): void {
    const all = [this.#truePositives, this.#falsePositives, this.#falseNegatives, this.#trueNegatives, this.#totals];
    for (const counts of all) counts.fill(0);
  }

  merge(other: OutcomeCounter): void {
    if (other.#columns !== this.#columns) {
      throw new OptionError(`${this.#name}.merge: expected equal classes, got ${this.#columns} and ${other.#columns}.`);
    }
    for (let i = 0; i < this.#columns; i++) {
      this.#truePositives[i]! += other.#truePositives[i]!;
      this.#falsePositives[i]! += other.#falsePositives[i]!;
      this.#falseNegatives[i]! += other.#falseNegatives[i]!;
      this.#trueNegatives[i]! += other.#trueNegatives[i]!;
      this.#totals[i]! += other.#totals[i]!;
    }
  }

  state(): OutcomeState {
    return {
      truePositives: [...this.#truePositives],
      falsePositives: [...this.#falsePositives],
      falseNegatives: [...this.#falseNegatives],
      totals: [...this.#totals],
      ...(!this.#isMulticlass && { trueNegatives: [...this.#trueNegatives] }),
    };
  }

  restore({ truePositives, falsePositives, falseNegatives, totals, ...state }: OutcomeState): void {
    const left = (total: number, i: number): number => total - truePositives[i]! - falsePositives[i]! - falseNegatives[i]!;
    const trueNegatives = state.trueNegatives ?? totals.map(left);
    for (const counts of [truePositives, falsePositives, falseNegatives, totals, trueNegatives]) {
      if (counts.length !== this.#columns) {
        throw new OptionError(`${this.#name}.restore: expected counts of ${this.#columns} classes, got ${counts.length}.`);
      }
    }
    this.#truePositives = Float64Array.from(truePositives);
    this.#falsePositives = Float64Array.from(falsePositives);
    this.#falseNegatives = Float64Array.from(falseNegatives);
    this.#trueNegatives = Float64Array.from(trueNegatives);
    this.#totals = Float64Array.from(totals);
  }
}

function columnsOf(name: string, task: ClassificationTask): number {
  if (task.task === "binary") return 1;
  if (task.task === "multilabel") {
    if (!Number.isInteger(task.labelCount) || task.labelCount < 1) {
      throw new OptionError(`${name}: expected a labelCount of at least 1, got ${task.labelCount}.`);
    }
    return task.labelCount;
  }
  requireClassCount(name, task.classes);
  return task.classes;
}

/** Labels and predictions of 0 and 1, checked, and a weight for each. */
export function readYesNo(where: string, inputs: ClassInputs, task: BinaryTask | MultilabelTask): ClassPairs {
  const { threshold = 0.5, ignoreLabel } = task;
  requireSome(where, "labels", inputs.labels);
  const rowLength = task.task === "multilabel" ? task.labelCount : 1;
  const { length } = flatNumbers(inputs.labels);
  if (length % rowLength !== 0) throw new DataError(`${where}: expected rows of ${rowLength} labels, got ${length} labels.`);
  if (task.task === "multilabel" && isHostTensor(inputs.labels) && inputs.labels.shape.at(-1) !== rowLength) {
    throw new ShapeError(`${where}: expected rows of ${rowLength} labels, got ${describeNumbers(inputs.labels)} of labels.`);
  }
  // A weight belongs to an example, a row of labels.
  const rowWeights = readWeights(where, inputs.weights, length / rowLength);
  const { labels, weights } = weighLabels(
    where,
    { labels: inputs.labels, weights: Float64Array.from({ length }, (_, i) => rowWeights[Math.floor(i / rowLength)]!) },
    ignoreLabel,
  );
  requireBits(where, "labels", labels);
  if (inputs.scores === undefined) {
    requireSameSize(where, ["labels", inputs.labels], ["predictions", inputs.predictions]);
    const predictions = flatNumbers(inputs.predictions);
    requireBits(where, "predictions", predictions);
    return { labels, predictions, weights };
  }
  requireSameSize(where, ["labels", inputs.labels], ["scores", inputs.scores]);
  requireNoNaN(where, "scores", inputs.scores);
  const scores = flatNumbers(inputs.scores);
  return { labels, weights, predictions: Uint8Array.from({ length: scores.length }, (_, i) => (scores[i]! >= threshold ? 1 : 0)) };
}

function requireBits(where: string, name: string, numbers: ArrayLike<number>): void {
  for (let i = 0; i < numbers.length; i++) {
    if (numbers[i] !== 0 && numbers[i] !== 1) throw new DataError(`${where}: expected 0 or 1 in ${name}, got ${numbers[i]} at ${i}.`);
  }
}
