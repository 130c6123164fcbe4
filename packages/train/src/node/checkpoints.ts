/** Keeps a run resumable: the last state of everything, and the weights of the best epochs. */

import { readdir, readFile, rm } from "node:fs/promises";
import { CheckpointError, OptionError } from "@dl/core";
import { type CommonOptions, type Module, type Optimizer, readCheckpoint, readState, writeCheckpoint, writeSafetensors } from "@dl/nn";
import type { Callback, EpochRecord, FitSave, FitState, Moment, Run } from "../callback.ts";
import { checkDirection, watchedMetric } from "../callbacks/watched-metric.ts";
import { fromJson, toJson } from "../json-numbers.ts";
import { areFinite } from "../read-weights.ts";
import { fileError } from "./file-error.ts";
import type { RunFolder } from "./run-folder.ts";

/** In the run's folder. */
export const checkpointName = "checkpoint.safetensors";

export interface CheckpointsOptions {
  folder: RunFolder;
  /** Seconds between checkpoints within an epoch. Default 60. */
  everySeconds?: number;
  /** Keep the weights of the best epochs, as `best-epoch-<n>.safetensors`. Default none. */
  best?: { readonly monitor: string; readonly mode: "min" | "max"; readonly count: number };
}

interface BestEpoch {
  readonly epoch: number;
  readonly value: number;
}

/**
 * Writes `checkpoint.safetensors` after every epoch, every minute, and when the run ends early: each replaces the one before,
 * whole or not at all. Weights that are not finite replace nothing: the last good checkpoint stays.
 */
export class Checkpoints implements Callback {
  readonly name = "checkpoints";
  readonly #options: CheckpointsOptions;
  /** Best first. */
  #best: readonly BestEpoch[] = [];
  #lastWrite = performance.now();
  /** What the file on the disk holds. */
  #saved: { readonly epoch: number; readonly step: number } | undefined;

  constructor(options: CheckpointsOptions) {
    const { best, everySeconds = 60 } = options;
    if (!(everySeconds >= 0)) throw new OptionError(`Checkpoints: expected everySeconds ≥ 0, got ${everySeconds}.`);
    if (best) checkDirection("Checkpoints: best.mode", best.mode);
    if (best && !(Number.isInteger(best.count) && best.count >= 1)) {
      throw new OptionError(`Checkpoints: expected a whole best.count ≥ 1, got ${best.count}.`);
    }
    this.#options = options;
  }

  async onStart(run: Run): Promise<void> {
    if (!run.isResumed) {
      // A new run knows nothing of the one before it.
      this.#best = [];
      this.#saved = undefined;
      return;
    }
    this.#saved = { epoch: run.epoch, step: run.step };
    await this.#removeDropped();
  }

  /** The best weights are those that were validated; with an average, the averaged ones. */
  async onEpoch(run: Run, { epoch, metrics }: EpochRecord): Promise<void> {
    const { best, folder } = this.#options;
    if (!best) return;
    const value = watchedMetric(metrics, { where: "Checkpoints", monitor: best.monitor, option: "best.monitor" });
    if (Number.isNaN(value)) return;
    const sign = best.mode === "min" ? 1 : -1;
    const ranked = [...this.#best, { epoch, value }].sort((a, b) => sign * (a.value - b.value)).slice(0, best.count);
    if (ranked.some((entry) => entry.epoch === epoch)) await folder.write(bestName(epoch), writeSafetensors(await readState(run.model)));
    this.#best = ranked;
  }

  async onPause(run: Run, moment: Moment): Promise<void> {
    const { everySeconds = 60 } = this.#options;
    if (moment === "step" && performance.now() - this.#lastWrite < everySeconds * 1000) return;
    if (this.#saved?.epoch === run.epoch && this.#saved.step === run.step) return;
    await this.#write(run);
    // Only now: a run that is killed before goes on from a checkpoint that still counts them among the best.
    if (moment === "epoch") await this.#removeDropped();
  }

  state(): unknown {
    return { best: this.#best };
  }

  restore(state: unknown): void {
    this.#best = (state as { best: BestEpoch[] }).best;
  }

  async #write(run: Run): Promise<void> {
    const { model, optimizer, step } = run;
    this.#lastWrite = performance.now();
    if (!areFinite(await readState(model))) return;
    const { state, tensors } = await run.save();
    const live = { models: { model }, optimizers: { optimizer: { optimizer, model } } };
    const bytes = await writeCheckpoint(live, { step, extra: { fit: toJson(state) }, tensors });
    await this.#options.folder.write(checkpointName, bytes);
    this.#saved = { epoch: run.epoch, step };
    this.#lastWrite = performance.now();
  }

  async #removeDropped(): Promise<void> {
    const { best, folder } = this.#options;
    if (!best) return;
    const kept = new Set(this.#best.map(({ epoch }) => bestName(epoch)));
    for (const name of await readdir(folder.path)) {
      if (/^best-epoch-\d+\.safetensors$/.test(name) && !kept.has(name)) await rm(folder.file(name), { force: true });
    }
  }
}

function bestName(epoch: number): string {
  return `best-epoch-${epoch + 1}.safetensors`;
}

/**
 * Puts model and optimizer back where the last checkpoint found them, and returns what `fit` takes as `resume`.
 *
 * @throws CheckpointError when the file is damaged or of another run.
 */
export async function resumeFrom(
  path: string,
  { model, optimizer }: { model: Module; optimizer: Optimizer<CommonOptions> },
): Promise<FitSave> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw fileError("resumeFrom", `to read ${path}`, error);
  });
  const { extra, tensors } = readCheckpoint(bytes, { models: { model }, optimizers: { optimizer: { optimizer, model } } }, { file: path });
  if (extra.fit === undefined) {
    throw new CheckpointError(`${path}: expected a checkpoint that fit() made, got one without its state. Read it with readCheckpoint.`);
  }
  return { state: fromJson(extra.fit) as FitState, tensors };
}
