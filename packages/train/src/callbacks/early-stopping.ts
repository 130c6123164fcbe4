/** Ends a run that no longer improves, and gives the best weights back. Prechelt 1998, "Early stopping — but when?". */

import { type HostTensor, OptionError } from "@dl/core";
import { readState } from "@dl/nn";
import type { Callback, EpochRecord, Run } from "../callback.ts";
import { putBack } from "../read-weights.ts";
import { checkDirection, watchedMetric } from "./watched-metric.ts";

export interface EarlyStoppingOptions {
  /** Name of the watched metric. Default `validation/loss`. */
  monitor?: string;
  /** Whether smaller or larger is better. Default `min`. */
  mode?: "min" | "max";
  /** Epochs in a row without improvement after which the run ends, as in Keras; 0 and 1 end it at the first. Default 2. */
  patience?: number;
  /** Smallest change that counts. Default 0. */
  minDelta?: number;
  /** At the end, load the weights of the best epoch. Default true. */
  restoreBest?: boolean;
}

interface EarlyStoppingState {
  readonly best: number | null;
  readonly bestEpoch: number;
  readonly waited: number;
}

/** Watches a metric; the weights of the best epoch are kept on the host, and saved with the run. */
export class EarlyStopping implements Callback {
  readonly name = "earlyStopping";
  readonly #monitor: string;
  readonly #sign: 1 | -1;
  readonly #patience: number;
  readonly #minDelta: number;
  readonly #restoreBest: boolean;
  #best: number | null = null;
  #bestEpoch = -1;
  #waited = 0;
  #weights: ReadonlyMap<string, HostTensor> | null = null;

  constructor({ monitor = "validation/loss", mode = "min", patience = 2, minDelta = 0, restoreBest = true }: EarlyStoppingOptions = {}) {
    if (!Number.isInteger(patience) || patience < 0)
      throw new OptionError(`EarlyStopping: expected a whole patience ≥ 0, got ${patience}.`);
    if (!(minDelta >= 0 && minDelta < Infinity)) throw new OptionError(`EarlyStopping: expected a minDelta ≥ 0, got ${minDelta}.`);
    checkDirection("EarlyStopping", mode);
    this.#monitor = monitor;
    this.#sign = mode === "min" ? 1 : -1;
    this.#patience = patience;
    this.#minDelta = minDelta;
    this.#restoreBest = restoreBest;
  }

  /** Epoch with the best value so far, from 0; −1 before the first. */
  get bestEpoch(): number {
    return this.#bestEpoch;
  }

  /** A run that was stopped stays stopped when it is resumed, unless `patience` has grown. A new run knows nothing of the one before it. */
  onStart(run: Run): void {
    if (!run.isResumed) {
      this.restore({ best: null, bestEpoch: -1, waited: 0 } satisfies EarlyStoppingState);
      this.#weights = null;
    }
    this.#judge(run);
  }

  async onEpoch(run: Run, { epoch, metrics }: EpochRecord): Promise<void> {
    const value = watchedMetric(metrics, { where: "EarlyStopping", monitor: this.#monitor, option: "`monitor`" });
    if (this.#improves(value)) {
      this.#best = value;
      this.#bestEpoch = epoch;
      this.#waited = 0;
      if (this.#restoreBest) this.#weights = await readState(run.model);
    } else {
      this.#waited++;
      this.#judge(run);
    }
  }

  #improves(value: number): boolean {
    // NaN is never the best: nothing would be better than it afterwards.
    if (Number.isNaN(value)) return false;
    return this.#best === null || this.#sign * (this.#best - value) > this.#minDelta;
  }

  #judge(run: Run): void {
    if (this.#waited === 0 || this.#waited < this.#patience) return;
    const since = this.#best === null ? "has never been a number" : `has not improved since epoch ${this.#bestEpoch + 1}`;
    run.stop(`${this.#monitor} ${since}`);
  }

  onEnd(run: Run): void {
    if (this.#weights) putBack(run.model, this.#weights);
  }

  state(): EarlyStoppingState {
    return { best: this.#best, bestEpoch: this.#bestEpoch, waited: this.#waited };
  }

  restore(state: unknown): void {
    const { best, bestEpoch, waited } = state as EarlyStoppingState;
    this.#best = best;
    this.#bestEpoch = bestEpoch;
    this.#waited = waited;
  }

  tensors(): ReadonlyMap<string, HostTensor> {
    return this.#weights ?? new Map();
  }

  restoreTensors(tensors: ReadonlyMap<string, HostTensor>): void {
    this.#weights = tensors;
  }
}
