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

  async onStart(run: Run): Promise<void> {
    this.#table = await MetricsCsv.open(this.#path, run.step > 0 ? { resumedStep: run.step } : {});
  }

  async onEpoch(_run: Run, { epoch, step, seconds, metrics }: EpochRecord): Promise<void> {
    await this.#table?.append({ step, epoch: epoch + 1, seconds: Number(seconds.toFixed(3)), ...metrics });
  }

  async onEnd(): Promise<void> {
    await this.#table?.close();
  }
}
