/** Keeps a run resumable: the last state of everything, and the weights of the best epochs. */

import { readFile, rm } from "node:fs/promises";
import { type HostTensor, OptionError } from "@dl/core";
import {
  type CommonOptions,
  type Json,
  type Module,
  type Optimizer,
  readCheckpoint,
  readState,
  writeCheckpoint,
  writeSafetensors,
} from "@dl/nn";
import type { Callback, EpochRecord, FitState, Run } from "../callback.ts";
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

/** Writes `checkpoint.safetensors` after every epoch, every minute, and when the run ends early: each replaces the one before, whole or not at all. */
export class Checkpoints implements Callback {
  readonly name = "checkpoints";
  readonly #options: CheckpointsOptions;
  #best: readonly BestEpoch[] = [];
  #written = performance.now();
  #writtenStep = -1;

  constructor(options: CheckpointsOptions) {
    if (options.best && !(options.best.count >= 1))
      throw new OptionError(`Checkpoints: expected best.count ≥ 1, got ${options.best.count}.`);
    this.#options = options;
  }

  async onStep(run: Run): Promise<void> {
    const { everySeconds = 60 } = this.#options;
    if (performance.now() - this.#written >= everySeconds * 1000) await this.#write(run);
  }

  async onEpoch(run: Run, record: EpochRecord): Promise<void> {
    await this.#keepBest(run, record);
    await this.#write(run);
  }

  async onEnd(run: Run, { reason }: { reason: string }): Promise<void> {
    // After a failure the last good checkpoint stays: what is in memory now may be half a step.
    if (reason !== "failed" && this.#writtenStep !== run.step) await this.#write(run);
  }

  state(): Json {
    return { best: this.#best.map(({ epoch, value }) => ({ epoch, value: String(value) })) };
  }

  restore(state: unknown): void {
    this.#best = (state as { best: { epoch: number; value: string }[] }).best.map(({ epoch, value }) => ({ epoch, value: Number(value) }));
  }

  async #keepBest({ model }: Run, { epoch, metrics }: EpochRecord): Promise<void> {
    const { best, folder } = this.#options;
    if (!best) return;
    const value = metrics[best.monitor];
    if (value === undefined) {
      throw new OptionError(`Checkpoints: expected a metric ${JSON.stringify(best.monitor)}, got only ${Object.keys(metrics).join(", ")}.`);
    }
    const sign = best.mode === "min" ? 1 : -1;
    const ranked = [...this.#best, { epoch, value }].sort((a, b) => sign * (a.value - b.value));
    const [kept, dropped] = [ranked.slice(0, best.count), ranked.slice(best.count)];
    if (kept.some((entry) => entry.epoch === epoch)) await folder.write(bestName(epoch), writeSafetensors(await readState(model)));
    for (const entry of dropped) await rm(folder.file(bestName(entry.epoch)), { force: true });
    this.#best = kept;
  }

  async #write(run: Run): Promise<void> {
    const { model, optimizer } = run;
    const bytes = await writeCheckpoint(
      { models: { model }, optimizers: { optimizer: { optimizer, model } } },
      { step: run.step, extra: { fit: run.state() as unknown as Json }, tensors: run.tensors() },
    );
    await this.#options.folder.write(checkpointName, bytes);
    this.#written = performance.now();
    this.#writtenStep = run.step;
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
): Promise<{ state: FitState; tensors: ReadonlyMap<string, HostTensor> }> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw fileError("resumeFrom", `to read ${path}`, error);
  });
  const { extra, tensors } = readCheckpoint(bytes, { models: { model }, optimizers: { optimizer: { optimizer, model } } }, { file: path });
  return { state: extra.fit as unknown as FitState, tensors };
}
