/** A progress bar an epoch, with losses, rates and the time left. */

import type { Callback, EpochRecord, Run, StepRecord } from "../callback.ts";
import { ProgressBar, type Terminal } from "../progress-bar.ts";
import { formatDuration, formatMetric } from "../quantity.ts";

export interface ShowProgressOptions {
  /** Where to show it; `stderrTerminal()` of `@dl/train/node`. */
  terminal: Terminal;
  /** What an example is, for the rate. Default `examples`. */
  unit?: string;
}

export class ShowProgress implements Callback {
  readonly name = "showProgress";
  readonly #terminal: Terminal;
  readonly #unit: string;
  #bar: ProgressBar | undefined;
  #items = 0;

  constructor({ terminal, unit = "examples" }: ShowProgressOptions) {
    this.#terminal = terminal;
    this.#unit = unit;
  }

  onStep(run: Run, { batch, batchSize, means }: StepRecord): void {
    this.#bar ??= new ProgressBar({
      terminal: this.#terminal,
      label: `epoch ${run.epoch + 1}/${run.epochs}`,
      total: run.stepsPerEpoch,
      completed: batch - 1,
      unit: this.#unit,
    });
    this.#items += batchSize;
    this.#bar.update({ completed: batch, items: this.#items, metrics: means });
  }

  onEpoch(_run: Run, { metrics, seconds }: EpochRecord): void {
    this.#finish();
    const validation = Object.entries(metrics).filter(([name]) => name.startsWith("validation/"));
    if (validation.length === 0) return;
    const shown = validation.map(([name, value]) => `${name.replace("/", " ")} ${formatMetric(name, value)}`).join("  ");
    this.#terminal.write(`${shown}  (${formatDuration(seconds)})\n`);
  }

  onEnd(): void {
    this.#finish();
  }

  #finish(): void {
    this.#bar?.finish();
    this.#bar = undefined;
    this.#items = 0;
  }
}
