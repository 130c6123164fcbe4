/** Stochastic weight averaging: the plain mean of the weights along the end of a run. Izmailov et al. 2018, arXiv:1803.05407, algorithm 1. */

import { Cell, CheckpointError, type HostTensor, hostTensor, OptionError, sizeOf } from "@dl/core";
import type { Module, OptimizerState } from "@dl/nn";
import type { Average } from "./epoch-loop.ts";

export interface EqualAverageOptions {
  /** Steps before the first weights are taken in; the paper starts at three quarters of the run. Default 0. */
  start?: number;
  /** Steps from one taking in to the next; the paper takes an epoch, or a cycle of the learning rate. Default 1. */
  every?: number;
}

/**
 * Averages every float of the model's state, running statistics included (the paper computes those anew with a pass over the data).
 * Until the first weights are taken in, the model's own stand.
 *
 * @example
 * using average = new EqualAverage(model, { start: 30 * stepsPerEpoch, every: stepsPerEpoch });
 * await fit({ device, model, optimizer, dataset, batchSize, epochs: 40, rng, step, average });
 */
export class EqualAverage implements Average, Disposable {
  readonly #model: Module;
  readonly #start: number;
  readonly #every: number;
  readonly #averages: ReadonlyMap<string, Cell>;
  /** Calls of `update`. */
  #step = 0;
  #swapped = false;

  constructor(model: Module, { start = 0, every = 1 }: EqualAverageOptions = {}) {
    if (!Number.isInteger(start) || start < 0) throw new OptionError(`EqualAverage: expected a whole start ≥ 0, got ${start}.`);
    if (!Number.isInteger(every) || every < 1) throw new OptionError(`EqualAverage: expected a whole every ≥ 1, got ${every}.`);
    this.#model = model;
    this.#start = start;
    this.#every = every;
    this.#averages = new Map(
      [...model.state()]
        .filter(([, { dtype }]) => dtype === "float32")
        .map(([path, { shape }]) => [path, new Cell(hostTensor(new Float32Array(sizeOf(shape)), shape))]),
    );
  }

  /** Weights in the average. */
  get count(): number {
    return Math.max(0, Math.floor((this.#step - this.#start) / this.#every));
  }

  /** Counts a step and, at the end of every so many, takes the present weights in. Inside `compute`. */
  update(): void {
    this.#requireOwn();
    const before = this.count;
    this.#step++;
    const { count } = this;
    if (count === before) return;
    const state = this.#model.state();
    for (const [path, average] of this.#averages) {
      const present = state.get(path)!.value;
      average.set(before === 0 ? present : average.value.add(present.sub(average.value).mul(1 / count)));
    }
  }

  /** Exchanges weights and averages, inside `compute`; a second call undoes it. Nothing is copied. */
  swap(): void {
    if (this.count === 0) return;
    const state = this.#model.state();
    for (const [path, average] of this.#averages) {
      const cell = state.get(path)!;
      const weight = cell.value;
      cell.set(average.value);
      average.set(weight);
    }
    this.#swapped = !this.#swapped;
  }

  /** Steps and averages, for a checkpoint. */
  async read(): Promise<OptimizerState> {
    this.#requireOwn();
    const tensors = new Map<string, HostTensor>();
    for (const [path, average] of this.#averages) tensors.set(path, await average.read());
    return { step: this.#step, tensors };
  }

  /** Goes on from where `read` was called. */
  load(_model: Module, { step, tensors }: OptimizerState): void {
    this.#requireOwn();
    for (const [path, average] of this.#averages) {
      const tensor = tensors.get(path);
      if (tensor === undefined) throw new CheckpointError(`EqualAverage.load: expected a tensor ${JSON.stringify(path)}, got none.`);
      average.load(tensor);
    }
    this.#step = step;
  }

  #requireOwn(): void {
    if (this.#swapped)
      throw new OptionError("EqualAverage: expected the model's own weights in place, got the average. Call swap() first.");
  }

  [Symbol.dispose](): void {
    for (const average of this.#averages.values()) average[Symbol.dispose]();
  }
}
