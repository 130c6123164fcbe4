/** What metrics have in common that need every example: medians, ranks, exact curves. Memory grows with the examples. */

import { OptionError } from "@dl/core";
import type { Metric } from "./metric.ts";
import { nothingAdded } from "./numbers.ts";

export interface ColumnsState {
  /** Every example seen, a column an array. */
  readonly columns: readonly (readonly number[])[];
}

export abstract class ColumnsMetric<Inputs, Result = number> implements Metric<Inputs, Result, ColumnsState> {
  readonly #name: string;
  readonly #options: string;
  #columns: number[][];

  /** `name` and `options` are for messages; metrics merge whose options are equal. */
  constructor(name: string, { columns, options = "" }: { readonly columns: number; readonly options?: string }) {
    this.#name = name;
    this.#options = options;
    this.#columns = Array.from({ length: columns }, () => []);
  }

  /** Checks a batch and returns its columns, equally long. */
  protected abstract read(inputs: Inputs): readonly ArrayLike<number>[];

  /** The metric of all examples. */
  protected abstract answer(columns: readonly (readonly number[])[]): Result;

  update(inputs: Inputs): void {
    this.#push(this.read(inputs));
  }

  result(): Result {
    if (this.#columns[0]!.length === 0) throw nothingAdded(`${this.#name}.result`);
    return this.answer(this.#columns);
  }

  reset(): void {
    for (const column of this.#columns) column.length = 0;
  }

  merge(other: this): void {
    if (other.#options !== this.#options || other.#columns.length !== this.#columns.length) {
      throw new OptionError(`${this.#name}.merge: expected equal options, got ${this.#options} and ${other.#options}.`);
    }
    // Copies, since a metric may be merged with itself.
    this.#push(other.#columns.map((column) => column.slice()));
  }

  state(): ColumnsState {
    return { columns: this.#columns.map((column) => column.slice()) };
  }

  restore({ columns }: ColumnsState): void {
    if (columns.length !== this.#columns.length || columns.some((column) => column.length !== columns[0]!.length)) {
      throw new OptionError(
        `${this.#name}.restore: expected ${this.#columns.length} equally long columns, got lengths ${columns.map(({ length }) => length).join(", ")}.`,
      );
    }
    this.#columns = columns.map((column) => column.slice());
  }

  #push(columns: readonly ArrayLike<number>[]): void {
    columns.forEach((values, c) => {
      const column = this.#columns[c]!;
      for (let i = 0; i < values.length; i++) column.push(values[i]!);
    });
  }
}
