/** An exponential moving average of a model's weights, for evaluation. Polyak and Juditsky 1992; decay warm-up as in Tarvainen and Valpola 2017, arXiv:1703.01780. */

import { Cell, type HostTensor, hostTensor, OptionError, sizeOf } from "@dl/core";
import type { Module } from "../module.ts";
import type { OptimizerState } from "./optimizer.ts";
import { planCells } from "./plan-cells.ts";

export interface WeightAverageOptions {
  /** Share of the average that stays from step to step. Default 0.999. */
  decay?: number;
}

/**
 * Averages every float of the model's state, running statistics included.
 *
 * @example
 * using average = new WeightAverage(model);
 * // in every step, after optimizer.update:
 * average.update();
 * // around an evaluation:
 * await device.compute(() => average.swap());
 */
export class WeightAverage implements Disposable {
  readonly #decay: number;
  readonly #model: Module;
  readonly #averages: ReadonlyMap<string, Cell>;
  #step = 0;
  #swapped = false;

  constructor(model: Module, { decay = 0.999 }: WeightAverageOptions = {}) {
    if (!(decay >= 0 && decay < 1)) throw new OptionError(`WeightAverage: expected a decay from 0 up to, not including, 1, got ${decay}.`);
    this.#decay = decay;
    this.#model = model;
    this.#averages = new Map(
      [...model.state()]
        .filter(([, { dtype }]) => dtype === "float32")
        .map(([path, { shape }]) => [path, new Cell(hostTensor(new Float32Array(sizeOf(shape)), shape))]),
    );
  }

  /** Takes the present weights in, inside `compute`. The decay rises as (1 + t)/(10 + t) to its value: early weights fade fast. */
  update(): void {
    if (this.#swapped)
      throw new OptionError("WeightAverage.update: expected the model's own weights in place, got the average. Call swap() first.");
    const decay = this.#step === 0 ? 0 : Math.min(this.#decay, (1 + this.#step) / (10 + this.#step));
    const state = this.#model.state();
    for (const [path, average] of this.#averages) {
      const present = state.get(path)!.value;
      average.set(decay === 0 ? present : average.value.mul(decay).add(present.mul(1 - decay)));
    }
    this.#step++;
  }

  /** Exchanges weights and averages, inside `compute`; a second call undoes it. Nothing is copied. */
  swap(): void {
    if (this.#step === 0) throw new OptionError("WeightAverage.swap: expected at least one update before, got none.");
    const state = this.#model.state();
    for (const [path, average] of this.#averages) {
      const cell = state.get(path)!;
      const weight = cell.value;
      cell.set(average.value);
      average.set(weight);
    }
    this.#swapped = !this.#swapped;
  }

  /** Count and averages, for a checkpoint; named by the paths of `model`, which must be the one it averages. */
  async read(model: Module): Promise<OptimizerState> {
    this.#check(model);
    const tensors = new Map<string, HostTensor>();
    for (const [path, average] of this.#averages) tensors.set(path, await average.read());
    return { step: this.#step, tensors };
  }

  /** Goes on from where `read` was called. @throws CheckpointError for a state of another model, and nothing was changed. */
  load(model: Module, state: OptimizerState): void {
    this.planLoad(model, state)();
  }

  /** Checks everything `load` checks; what it returns does it. */
  planLoad(model: Module, state: OptimizerState): () => void {
    this.#check(model);
    const apply = planCells("WeightAverage.load", this.#averages, state);
    return () => {
      apply();
      this.#step = state.step;
    };
  }

  #check(model: Module): void {
    if (model !== this.#model) throw new OptionError("WeightAverage: expected the model it averages, got another.");
    if (this.#swapped)
      throw new OptionError("WeightAverage: expected the model's own weights in place, got the average. Call swap() first.");
  }

  [Symbol.dispose](): void {
    for (const average of this.#averages.values()) average[Symbol.dispose]();
  }
}
