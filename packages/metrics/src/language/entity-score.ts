/** Precision, recall and F1 of named entities: right only with the right ends and the right type. Equal to seqeval's. */

import { DataError, OptionError, ShapeError } from "@dl/core";
import type { Metric } from "../metric.ts";
import { nothingAdded } from "../numbers.ts";
import { entitiesOf, type TagScheme } from "./entities.ts";

export interface EntityInputs {
  /** Tags of each sentence, such as `["B-PER", "I-PER", "O"]`. */
  readonly labels: readonly (readonly string[])[];
  readonly predictions: readonly (readonly string[])[];
}

export interface EntityScoreOptions {
  /** How tags are read. Default `lenient`, as conlleval and seqeval do. */
  readonly scheme?: TagScheme;
}

export interface EntityRow {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** How many there are. */
  readonly support: number;
}

export interface EntityResult {
  /** All entities counted together: what papers call F1. */
  readonly micro: EntityRow;
  readonly macro: EntityRow;
  readonly weighted: EntityRow;
  /** A row a type, by name. */
  readonly types: Readonly<Record<string, EntityRow>>;
}

export interface EntityState {
  /** By type: right, predicted, there. */
  readonly counts: Readonly<Record<string, readonly [number, number, number]>>;
  readonly sentences: number;
}

/**
 * @example
 * const score = new EntityScore();
 * score.update({ labels: [["B-PER", "I-PER", "O", "B-LOC"]], predictions: [["B-PER", "O", "O", "B-LOC"]] });
 * score.result().micro.f1; // 0.5
 */
export class EntityScore implements Metric<EntityInputs, EntityResult, EntityState> {
  readonly #scheme: TagScheme;
  #counts = new Map<string, [right: number, predicted: number, there: number]>();
  #sentences = 0;

  constructor({ scheme = "lenient" }: EntityScoreOptions = {}) {
    if (!["lenient", "IOB2", "IOBES", "BILOU"].includes(scheme)) {
      throw new OptionError(`EntityScore: expected scheme lenient, IOB2, IOBES or BILOU, got ${String(scheme)}.`);
    }
    this.#scheme = scheme;
  }

  update({ labels, predictions }: EntityInputs): void {
    if (labels.length === 0) throw new DataError("EntityScore.update: expected at least one sentence, got none. Leave empty batches out.");
    if (labels.length !== predictions.length || labels.some((tags, i) => tags.length !== predictions[i]!.length)) {
      throw new ShapeError("EntityScore.update: expected a predicted tag for each tag of each sentence, got sentences of other lengths.");
    }
    const options = { scheme: this.#scheme };
    const pairs = labels.map((tags, i) => [entitiesOf(tags, options), entitiesOf(predictions[i]!, options)] as const);
    for (const [there, predicted] of pairs) {
      const keys = new Set(there.map(({ type, start, end }) => `${start} ${end} ${type}`));
      for (const { type } of there) this.#row(type)[2]++;
      for (const { type, start, end } of predicted) {
        this.#row(type)[1]++;
        if (keys.has(`${start} ${end} ${type}`)) this.#row(type)[0]++;
      }
    }
    this.#sentences += labels.length;
  }

  result(): EntityResult {
    if (this.#sentences === 0) throw nothingAdded("EntityScore.result");
    const names = [...this.#counts.keys()].sort();
    const rows = names.map((name) => rowOf(this.#counts.get(name)!));
    const total: [number, number, number] = [0, 0, 0];
    for (const counts of this.#counts.values()) for (const [i, count] of counts.entries()) total[i]! += count;
    const mean = (weight: (row: EntityRow) => number): EntityRow => {
      const weights = rows.reduce((sum, row) => sum + weight(row), 0);
      const of = (key: "precision" | "recall" | "f1"): number =>
        weights === 0 ? 0 : rows.reduce((sum, row) => sum + weight(row) * row[key], 0) / weights;
      return { precision: of("precision"), recall: of("recall"), f1: of("f1"), support: total[2] };
    };
    return {
      micro: rowOf(total),
      macro: mean(() => 1),
      weighted: mean(({ support }) => support),
      types: Object.fromEntries(names.map((name, i) => [name, rows[i]!])),
    };
  }

  reset(): void {
    this.#counts.clear();
    this.#sentences = 0;
  }

  merge(other: this): void {
    if (other.#scheme !== this.#scheme) {
      throw new OptionError(`EntityScore.merge: expected equal schemes, got ${this.#scheme} and ${other.#scheme}.`);
    }
    for (const [type, counts] of [...other.#counts]) {
      const row = this.#row(type);
      for (const [i, count] of [...counts].entries()) row[i]! += count;
    }
    this.#sentences += other.#sentences;
  }

  state(): EntityState {
    return {
      counts: Object.fromEntries([...this.#counts].map(([type, [right, predicted, there]]) => [type, [right, predicted, there]])),
      sentences: this.#sentences,
    };
  }

  restore({ counts, sentences }: EntityState): void {
    this.#counts = new Map(Object.entries(counts).map(([type, [right, predicted, there]]) => [type, [right, predicted, there]]));
    this.#sentences = sentences;
  }

  #row(type: string): [number, number, number] {
    const row = this.#counts.get(type) ?? [0, 0, 0];
    this.#counts.set(type, row);
    return row;
  }
}

/** 0 ÷ 0 is 0, as in seqeval. */
function rowOf([right, predicted, there]: readonly [number, number, number]): EntityRow {
  return {
    precision: predicted === 0 ? 0 : right / predicted,
    recall: there === 0 ? 0 : right / there,
    f1: predicted + there === 0 ? 0 : (2 * right) / (predicted + there),
    support: there,
  };
}
