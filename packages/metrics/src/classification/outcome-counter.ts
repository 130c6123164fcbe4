/** Counts true and false positives and negatives batch by batch, for the three kinds of classification. */

import { DataError, OptionError } from "@dl/core";
import { flatNumbers, requireNoNaN, requireSameSize, requireSome } from "../numbers.ts";
import { type ClassInputs, readClassPairs, requireClassCount } from "./class-inputs.ts";
import type { Outcomes } from "./outcome-counts.ts";

/** One class an example: labels `[…]` from 0 to `classes − 1`; scores `[…, classes]`. */
export interface MulticlassTask {
  readonly task?: "multiclass";
  readonly classes: number;
}

/** Yes or no: labels `[…]` of 0 and 1; scores `[…]`. */
export interface BinaryTask {
  readonly task: "binary";
  /** A score of at least this is a yes. Default 0.5; for logits, 0. */
  readonly threshold?: number;
}

/** Any number of labels an example: labels `[…, labelCount]` of 0 and 1; scores of the same shape. */
export interface MultilabelTask {
  readonly task: "multilabel";
  readonly labelCount: number;
  /** A score of at least this is a yes. Default 0.5; for logits, 0. */
  readonly threshold?: number;
}

export type ClassificationTask = MulticlassTask | BinaryTask | MultilabelTask;

export interface OutcomeState {
  readonly truePositives: readonly number[];
  readonly falsePositives: readonly number[];
  readonly falseNegatives: readonly number[];
  /** Examples counted. */
  readonly count: number;
}

/** The sums of every metric that is made of outcomes; `name` is the metric's, for messages. */
export class OutcomeCounter {
  readonly #name: string;
  readonly #task: ClassificationTask;
  readonly #columns: number;
  #truePositives: Float64Array;
  #falsePositives: Float64Array;
  #falseNegatives: Float64Array;
  #count = 0;

  constructor(name: string, task: ClassificationTask) {
    this.#name = name;
    this.#task = task;
    this.#columns = columnsOf(name, task);
    this.#truePositives = new Float64Array(this.#columns);
    this.#falsePositives = new Float64Array(this.#columns);
    this.#falseNegatives = new Float64Array(this.#columns);
  }

  /** How many classes have counts: 1 for binary. */
  get columns(): number {
    return this.#columns;
  }

  get count(): number {
    return this.#count;
  }

  update(inputs: ClassInputs): void {
    const where = `${this.#name}.update`;
    if (this.#task.task === "binary" || this.#task.task === "multilabel") {
      const { labels, predictions } = readYesNo(where, inputs, this.#task);
      for (let i = 0; i < labels.length; i++) this.#addYesNo(i % this.#columns, labels[i] === 1, predictions[i] === 1);
      this.#count += labels.length / this.#columns;
      return;
    }
    const { labels, predictions } = readClassPairs(where, inputs, this.#task.classes);
    for (let i = 0; i < labels.length; i++) {
      if (labels[i] === predictions[i]) this.#truePositives[labels[i]!]!++;
      else {
        this.#falseNegatives[labels[i]!]!++;
        this.#falsePositives[predictions[i]!]!++;
      }
    }
    this.#count += labels.length;
  }

  outcomes(column: number): Outcomes {
    const truePositives = this.#truePositives[column]!;
    const falsePositives = this.#falsePositives[column]!;
    const falseNegatives = this.#falseNegatives[column]!;
    return { truePositives, falsePositives, falseNegatives, trueNegatives: this.#count - truePositives - falsePositives - falseNegatives };
  }

  reset(): void {
    for (const counts of [this.#truePositives, this.#falsePositives, this.#falseNegatives]) counts.fill(0);
    this.#count = 0;
  }

  merge(other: OutcomeCounter): void {
    if (other.#columns !== this.#columns) {
      throw new OptionError(`${this.#name}.merge: expected equal classes, got ${this.#columns} and ${other.#columns}.`);
    }
    for (let i = 0; i < this.#columns; i++) {
      this.#truePositives[i]! += other.#truePositives[i]!;
      this.#falsePositives[i]! += other.#falsePositives[i]!;
      this.#falseNegatives[i]! += other.#falseNegatives[i]!;
    }
    this.#count += other.#count;
  }

  state(): OutcomeState {
    return {
      truePositives: [...this.#truePositives],
      falsePositives: [...this.#falsePositives],
      falseNegatives: [...this.#falseNegatives],
      count: this.#count,
    };
  }

  restore({ truePositives, falsePositives, falseNegatives, count }: OutcomeState): void {
    for (const counts of [truePositives, falsePositives, falseNegatives]) {
      if (counts.length !== this.#columns) {
        throw new OptionError(`${this.#name}.restore: expected counts of ${this.#columns} classes, got ${counts.length}.`);
      }
    }
    this.#truePositives = Float64Array.from(truePositives);
    this.#falsePositives = Float64Array.from(falsePositives);
    this.#falseNegatives = Float64Array.from(falseNegatives);
    this.#count = count;
  }

  #addYesNo(column: number, label: boolean, prediction: boolean): void {
    if (label && prediction) this.#truePositives[column]!++;
    else if (prediction) this.#falsePositives[column]!++;
    else if (label) this.#falseNegatives[column]!++;
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

/** Labels and predictions of 0 and 1, checked. */
export function readYesNo(
  where: string,
  inputs: ClassInputs,
  task: BinaryTask | MultilabelTask,
): { labels: ArrayLike<number>; predictions: ArrayLike<number> } {
  const { threshold = 0.5 } = task;
  const labels = flatNumbers(inputs.labels);
  requireSome(where, "labels", inputs.labels);
  requireBits(where, "labels", labels);
  if (task.task === "multilabel" && labels.length % task.labelCount !== 0) {
    throw new DataError(`${where}: expected rows of ${task.labelCount} labels, got ${labels.length} labels.`);
  }
  if (inputs.scores === undefined) {
    requireSameSize(where, ["labels", inputs.labels], ["predictions", inputs.predictions]);
    const predictions = flatNumbers(inputs.predictions);
    requireBits(where, "predictions", predictions);
    return { labels, predictions };
  }
  requireSameSize(where, ["labels", inputs.labels], ["scores", inputs.scores]);
  requireNoNaN(where, "scores", inputs.scores);
  const scores = flatNumbers(inputs.scores);
  return { labels, predictions: Uint8Array.from({ length: scores.length }, (_, i) => (scores[i]! >= threshold ? 1 : 0)) };
}

function requireBits(where: string, name: string, numbers: ArrayLike<number>): void {
  for (let i = 0; i < numbers.length; i++) {
    if (numbers[i] !== 0 && numbers[i] !== 1) throw new DataError(`${where}: expected 0 or 1 in ${name}, got ${numbers[i]} at ${i}.`);
  }
}
