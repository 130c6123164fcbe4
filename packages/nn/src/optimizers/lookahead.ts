/** Slow weights that follow the fast ones, which go back to them every few steps. Zhang et al. 2019, arXiv:1907.08610, algorithm 1. */

import { Cell, type HostTensor, hostTensor, OptionError, sizeOf } from "@dl/core";
import type { Module } from "../module.ts";
import type { Schedule } from "../schedules/schedule.ts";
import type { OptimizerState } from "./optimizer.ts";
import { planCells } from "./plan-cells.ts";

export interface LookaheadOptions {
  /** Steps of the optimizer from one synchronisation to the next; the paper's k. Default 5. */
  every?: number;
  /** Share of the slow weights that stays at a synchronisation, 1 − α in the paper; a number, or a schedule of the step count. Default 0.5. */
  keep?: number | Schedule;
}

/**
 * Averages every float of the model's state, running statistics included, as Jordan 2024 (arXiv:2404.00498, section 3.4) does.
 * `average` of `fit` takes it: the slow weights stand in validation and at the end.
 *
 * @example
 * using lookahead = new Lookahead(model, { every: 5 });
 * // in every step, after optimizer.update:
 * lookahead.update();
 */
export class Lookahead implements Disposable {
  readonly #model: Module;
  readonly #every: number;
  readonly #keep: Schedule;
  readonly #slow: ReadonlyMap<string, Cell>;
  #step = 0;
  #swapped = false;

  constructor(model: Module, { every = 5, keep = 0.5 }: LookaheadOptions = {}) {
    if (!Number.isInteger(every) || every < 1) throw new OptionError(`Lookahead: expected a whole every ≥ 1, got ${every}.`);
    if (typeof keep === "number" && !(keep >= 0 && keep < 1)) {
      throw new OptionError(`Lookahead: expected a share to keep from 0 up to, not including, 1, got ${keep}.`);
    }
    this.#model = model;
    this.#every = every;
    this.#keep = typeof keep === "number" ? () => keep : keep;
    this.#slow = new Map(
      [...model.state()]
        .filter(([, { dtype }]) => dtype === "float32")
        .map(([path, { shape }]) => [path, new Cell(hostTensor(new Float32Array(sizeOf(shape)), shape))]),
    );
  }

  /**
   * Counts a step and, at every so many, moves the slow weights towards the present ones and puts them in their place. Inside `compute`.
   * The slow weights start as those after the first step.
   */
  update(): void {
    this.#requireOwn();
    this.#step++;
    const state = this.#model.state();
    if (this.#step === 1) for (const [path, slow] of this.#slow) slow.set(state.get(path)!.value);
    if (this.#step % this.#every !== 0) return;
    const keep = this.#keep(this.#step);
    for (const [path, slow] of this.#slow) {
      const cell = state.get(path)!;
      const next = slow.value.mul(keep).add(cell.value.mul(1 - keep));
      slow.set(next);
      cell.set(next);
    }
  }

  /** Exchanges fast and slow weights, inside `compute`; a second call undoes it. Nothing is copied. */
  swap(): void {
    if (this.#step === 0) throw new OptionError("Lookahead.swap: expected at least one update before, got none.");
    const state = this.#model.state();
    for (const [path, slow] of this.#slow) {
      const cell = state.get(path)!;
      const fast = cell.value;
      cell.set(slow.value);
      slow.set(fast);
    }
    this.#swapped = !this.#swapped;
  }

  /** Steps and slow weights, for a checkpoint; named by the paths of `model`, which must be the one it follows. */
  async read(model: Module): Promise<OptimizerState> {
    this.#check(model);
    const tensors = new Map<string, HostTensor>();
    for (const [path, slow] of this.#slow) tensors.set(path, await slow.read());
    return { step: this.#step, tensors };
  }

  /** Goes on from where `read` was called. @throws CheckpointError for a state of another model, and nothing was changed. */
  load(model: Module, state: OptimizerState): void {
    this.planLoad(model, state)();
  }

  /** Checks everything `load` checks; what it returns does it. */
  planLoad(model: Module, state: OptimizerState): () => void {
    this.#check(model);
    const apply = planCells("Lookahead.load", this.#slow, state);
    return () => {
      apply();
      this.#step = state.step;
    };
  }

  #check(model: Module): void {
    if (model !== this.#model) throw new OptionError("Lookahead: expected the model it follows, got another.");
    this.#requireOwn();
  }

  #requireOwn(): void {
    if (this.#swapped) throw new OptionError("Lookahead: expected the model's own weights in place, got the slow ones. Call swap() first.");
  }

  [Symbol.dispose](): void {
    for (const slow of this.#slow.values()) slow[Symbol.dispose]();
  }
}
