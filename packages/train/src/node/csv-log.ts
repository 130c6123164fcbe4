/** The metrics of a run as a table: `metrics.csv`, one row an epoch. */

import type { Callback, EpochRecord, Run } from "../callback.ts";
import { MetricsCsv } from "./metrics-csv.ts";

export class CsvLog implements Callback {
  readonly name = "csvLog";
  readonly #path: string;
  #table: MetricsCsv | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async onStart({ isResumed, history }: Run): Promise<void> {
    // Rows of epochs that the checkpoint does not hold are written again, also that of an epoch whose last step it holds.
    this.#table = await MetricsCsv.open(this.#path, isResumed ? { resumedStep: history.at(-1)?.step ?? 0 } : {});
  }

  async onEpoch(_run: Run, { epoch, step, seconds, examplesPerSecond, learningRate, metrics }: EpochRecord): Promise<void> {
    await this.#table?.append({
      step,
      epoch: epoch + 1,
      seconds: Number(seconds.toFixed(3)),
      examplesPerSecond: Number(examplesPerSecond.toPrecision(4)),
      learningRate,
      ...metrics,
    });
  }

  async onEnd(): Promise<void> {
    await this.#table?.close();
  }
}
