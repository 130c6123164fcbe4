/** A run for TensorBoard: every step's loss and learning rate, every epoch's means, and now and then the weights. */

import { type HostTensor, OptionError } from "@dl/core";
import type { Callback, EpochRecord, Run, StepRecord } from "../callback.ts";
import { TensorBoardWriter } from "./tensorboard-writer.ts";

export interface TensorBoardLogOptions {
  /** Folder of the event files. */
  folder: string;
  /** Steps between the scalars of single steps. Default 10. */
  everySteps?: number;
  /** Epochs between histograms of the weights; 0 for none. Default 1. */
  histogramEpochs?: number;
}

export class TensorBoardLog implements Callback {
  readonly name = "tensorBoardLog";
  readonly #folder: string;
  readonly #everySteps: number;
  readonly #histogramEpochs: number;
  #writer: TensorBoardWriter | undefined;

  constructor({ folder, everySteps = 10, histogramEpochs = 1 }: TensorBoardLogOptions) {
    if (!Number.isInteger(everySteps) || everySteps < 1)
      throw new OptionError(`TensorBoardLog: expected a whole everySteps ≥ 1, got ${everySteps}.`);
    if (!Number.isInteger(histogramEpochs) || histogramEpochs < 0)
      throw new OptionError(`TensorBoardLog: expected whole histogramEpochs ≥ 0, got ${histogramEpochs}.`);
    this.#folder = folder;
    this.#everySteps = everySteps;
    this.#histogramEpochs = histogramEpochs;
  }

  onStart(run: Run): void {
    this.#writer = new TensorBoardWriter(this.#folder, run.isResumed ? { resumedStep: run.step } : {});
  }

  onStep(_run: Run, { step, metrics }: StepRecord): void {
    if (step % this.#everySteps !== 0) return;
    for (const [name, value] of Object.entries(metrics)) this.#writer?.scalar(`step/${name}`, value, { step });
  }

  async onEpoch(run: Run, { epoch, step, seconds, examplesPerSecond, learningRate, metrics }: EpochRecord): Promise<void> {
    for (const [name, value] of Object.entries({ ...metrics, learningRate })) {
      this.#writer?.scalar(name.includes("/") ? name : `train/${name}`, value, { step });
    }
    this.#writer?.scalar("time/seconds", seconds, { step });
    this.#writer?.scalar("time/examplesPerSecond", examplesPerSecond, { step });
    if (this.#histogramEpochs > 0 && (epoch + 1) % this.#histogramEpochs === 0) {
      for (const [path, parameter] of run.model.namedParameters()) this.#weights(path, (await parameter.read()).data, step);
    }
    this.#writer?.flush();
  }

  /** A histogram has no place for NaN: those of a run that diverged are counted in a scalar beside it. */
  #weights(path: string, values: HostTensor["data"], step: number): void {
    const finite = Float64Array.from(values).filter(Number.isFinite);
    if (finite.length > 0) this.#writer?.histogram(path, finite, { step });
    if (finite.length < values.length) this.#writer?.scalar(`notFinite/${path}`, values.length - finite.length, { step });
  }

  onEnd(): void {
    this.#writer?.close();
  }
}
