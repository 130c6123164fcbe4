/** Lowers the learning rate when a metric stops getting better. PyTorch's ReduceLROnPlateau. */

import type { Plateau, PlateauState } from "@dl/nn";
import type { Callback, EpochRecord, Run } from "../callback.ts";
import { watchedMetric } from "./watched-metric.ts";

export interface ReduceOnPlateauOptions {
  /** The one whose `schedule` the optimizer was given. */
  plateau: Plateau;
  /** Name of the watched metric. Default `validation/loss`. */
  monitor?: string;
}

/**
 * Reports a metric to a `Plateau` once an epoch, and saves what it remembers with the run.
 *
 * @example
 * const plateau = new Plateau({ initial: 1e-3, factor: 0.5, patience: 2 });
 * const optimizer = new AdamW(model.parameters(), { learningRate: plateau.schedule });
 * const callbacks = [new ReduceOnPlateau({ plateau })];
 */
export class ReduceOnPlateau implements Callback {
  readonly name = "reduceOnPlateau";
  readonly #plateau: Plateau;
  readonly #monitor: string;

  constructor({ plateau, monitor = "validation/loss" }: ReduceOnPlateauOptions) {
    this.#plateau = plateau;
    this.#monitor = monitor;
  }

  onEpoch(_run: Run, { metrics }: EpochRecord): void {
    const value = watchedMetric(metrics, { where: "ReduceOnPlateau", monitor: this.#monitor, option: "`monitor`" });
    this.#plateau.report(value);
  }

  state(): PlateauState {
    return this.#plateau.state;
  }

  restore(state: unknown): void {
    this.#plateau.state = state as PlateauState;
  }
}
