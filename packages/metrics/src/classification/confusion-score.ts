/** What metrics over a whole confusion matrix have in common. */

import type { HostTensor } from "@dl/core";
import type { Metric } from "../metric.ts";
import type { ClassInputs } from "./class-inputs.ts";
import { ConfusionMatrix, type ConfusionMatrixOptions, type ConfusionMatrixState } from "./confusion-matrix.ts";

export abstract class ConfusionScore implements Metric<ClassInputs, number, ConfusionMatrixState> {
  readonly #confusion: ConfusionMatrix;

  constructor(options: ConfusionMatrixOptions) {
    this.#confusion = new ConfusionMatrix(options);
  }

  /** The metric of counts `[C, C]`, rows true, columns predicted. */
  protected abstract score(confusion: HostTensor): number;

  update(inputs: ClassInputs): void {
    this.#confusion.update(inputs);
  }

  result(): number {
    return this.score(this.#confusion.result());
  }

  reset(): void {
    this.#confusion.reset();
  }

  merge(other: this): void {
    this.#confusion.merge(other.#confusion);
  }

  state(): ConfusionMatrixState {
    return this.#confusion.state();
  }

  restore(state: ConfusionMatrixState): void {
    this.#confusion.restore(state);
  }
}
