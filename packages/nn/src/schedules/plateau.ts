/** Decay when a metric stops getting better: the one schedule that needs to remember. PyTorch's ReduceLROnPlateau. */

import { OptionError } from "@dl/core";

export interface PlateauOptions {
  /** The value until the first plateau. */
  initial: number;
  /** Each decay multiplies by this. Default 0.1. */
  factor?: number;
  /** Reports without improvement that are borne; one more decays. Default 10. */
  patience?: number;
  /** An improvement is a metric below (1 − threshold) · best, or above (1 + threshold) · best. Default 10⁻⁴. */
  threshold?: number;
  /** `absolute`: below best − threshold, or above best + threshold, instead. Default `relative`. */
  thresholdMode?: "relative" | "absolute";
  /** Whether a good metric is low or high. Default `minimum`. */
  mode?: "minimum" | "maximum";
  /** Reports after a decay that do not count. Default 0. */
  cooldown?: number;
  /** Never decays below this. Default 0. */
  minimum?: number;
}

/** What a plateau remembers; plain data, for checkpoints. */
export interface PlateauState {
  readonly value: number;
  /** The best metric so far; `undefined` before the first report. */
  readonly best: number | undefined;
  readonly badReports: number;
  readonly cooling: number;
}

/**
 * @example
 * const plateau = new Plateau({ initial: 1e-3, factor: 0.5, patience: 2 });
 * const optimizer = new AdamW(model.parameters(), { learningRate: plateau.schedule });
 * plateau.report(validationLoss); // once an epoch
 */
export class Plateau {
  readonly #factor: number;
  readonly #patience: number;
  readonly #threshold: number;
  readonly #thresholdMode: "relative" | "absolute";
  readonly #mode: "minimum" | "maximum";
  readonly #cooldown: number;
  readonly #minimum: number;
  #state: PlateauState;

  constructor({
    initial,
    factor = 0.1,
    patience = 10,
    threshold = 1e-4,
    thresholdMode = "relative",
    mode = "minimum",
    cooldown = 0,
    minimum = 0,
  }: PlateauOptions) {
    if (!(factor > 0 && factor < 1)) throw new OptionError(`Plateau: expected a factor between 0 and 1, got ${factor}.`);
    if (!(patience >= 0)) throw new OptionError(`Plateau: expected patience ≥ 0, got ${patience}.`);
    if (mode !== "minimum" && mode !== "maximum") throw new OptionError(`Plateau: expected mode minimum or maximum, got ${String(mode)}.`);
    if (thresholdMode !== "relative" && thresholdMode !== "absolute") {
      throw new OptionError(`Plateau: expected thresholdMode relative or absolute, got ${String(thresholdMode)}.`);
    }
    this.#factor = factor;
    this.#patience = patience;
    this.#threshold = threshold;
    this.#thresholdMode = thresholdMode;
    this.#mode = mode;
    this.#cooldown = cooldown;
    this.#minimum = minimum;
    this.#state = { value: initial, best: undefined, badReports: 0, cooling: 0 };
  }

  /** The value as it stands, whatever the step: give this to an optimizer. */
  readonly schedule = (): number => this.#state.value;

  /** Tells how training goes; returns the value to use from now on. */
  report(metric: number): number {
    let { value, best, badReports, cooling } = this.#state;
    if (this.#improves(metric, best)) {
      best = metric;
      badReports = 0;
    } else {
      badReports++;
    }
    if (cooling > 0) {
      cooling--;
      badReports = 0;
    }
    if (badReports > this.#patience) {
      value = Math.max(this.#minimum, value * this.#factor);
      cooling = this.#cooldown;
      badReports = 0;
    }
    this.#state = { value, best, badReports, cooling };
    return value;
  }

  #improves(metric: number, best: number | undefined): boolean {
    if (best === undefined) return !Number.isNaN(metric);
    const threshold = this.#mode === "minimum" ? -this.#threshold : this.#threshold;
    const bound = this.#thresholdMode === "absolute" ? best + threshold : best * (1 + threshold);
    return this.#mode === "minimum" ? metric < bound : metric > bound;
  }

  get state(): PlateauState {
    return this.#state;
  }

  set state(state: PlateauState) {
    this.#state = state;
  }
}
