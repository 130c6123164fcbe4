/** Pruning while `fit` trains: sparsity follows a schedule. Zhu and Gupta 2017, arXiv:1710.01878. */

import { type HostTensor, OptionError } from "@dl/core";
import type { Module } from "@dl/nn";
import type { Callback, Run, StepRecord } from "@dl/train";
import type { LayerChoice } from "../layers/weighted-layers.ts";
import { type MagnitudeOptions, magnitudeMasks } from "./magnitude.ts";
import type { PruningMasks } from "./masks.ts";
import type { SparsitySchedule } from "./sparsity-schedule.ts";

/** Masks that can be made anew for another sparsity. */
export interface Prunable {
  readonly masks: PruningMasks;
  /** Chooses again, outside `compute`. */
  prune(sparsity: number): Promise<void>;
}

/** Masks over `model` that are chosen by magnitude; weights under a mask stay as they are, and come back when they are among the largest again. */
export function magnitudePruning(
  model: Module,
  { masks, ...options }: Omit<MagnitudeOptions, "sparsity"> & LayerChoice & { readonly masks: PruningMasks },
): Prunable {
  return { masks, prune: async (sparsity) => masks.set(await magnitudeMasks(model, { ...options, sparsity })) };
}

export interface GradualPruningOptions {
  readonly pruning: Prunable;
  readonly schedule: SparsitySchedule;
  /** Steps between two choices. Default 100. */
  readonly every?: number;
}

/**
 * Chooses masks every so many steps until the schedule stands still: a callback of `fit`. Its masks are saved with a checkpoint.
 *
 * @example no-run
 * const masks = new PruningMasks(model, await magnitudeMasks(model, { sparsity: 0 }));
 * const schedule = cubicSparsity({ final: 0.9, end: 2000 });
 * const callbacks = [new GradualPruning({ pruning: magnitudePruning(model, { masks }), schedule })];
 * await fit({ device, model, optimizer, dataset, batchSize: 64, epochs: 4, rng, step, callbacks });
 * await masks.makePermanent(device);
 */
export class GradualPruning implements Callback {
  readonly name = "gradual-pruning";
  readonly #pruning: Prunable;
  readonly #schedule: SparsitySchedule;
  readonly #every: number;
  #sparsity = Number.NaN;
  #saved: ReadonlyMap<string, HostTensor> = new Map();

  constructor({ pruning, schedule, every = 100 }: GradualPruningOptions) {
    if (!Number.isInteger(every) || every < 1) throw new OptionError(`GradualPruning: expected a whole every ≥ 1, got ${every}.`);
    this.#pruning = pruning;
    this.#schedule = schedule;
    this.#every = every;
  }

  async onStart(run: Run): Promise<void> {
    if (!run.isResumed) await this.#follow(0);
  }

  async onStep(_: Run, { step }: StepRecord): Promise<void> {
    if (step % this.#every === 0) await this.#follow(step);
  }

  /** The schedule's last value, however the steps fall. */
  async onEnd({ step }: Run): Promise<void> {
    await this.#follow(step);
  }

  async #follow(step: number): Promise<void> {
    const sparsity = this.#schedule(step);
    // A schedule that has ended leaves the masks as they are: what is trained on is not changed again.
    if (sparsity === this.#sparsity) return;
    await this.#pruning.prune(sparsity);
    this.#sparsity = sparsity;
    this.#saved = await this.#pruning.masks.read();
  }

  state(): { readonly sparsity: number } {
    return { sparsity: this.#sparsity };
  }

  restore(state: unknown): void {
    this.#sparsity = (state as { readonly sparsity: number }).sparsity;
  }

  tensors(): ReadonlyMap<string, HostTensor> {
    return this.#saved;
  }

  restoreTensors(tensors: ReadonlyMap<string, HostTensor>): void {
    if (tensors.size === 0) return;
    this.#pruning.masks.set(tensors);
    this.#saved = tensors;
  }
}
