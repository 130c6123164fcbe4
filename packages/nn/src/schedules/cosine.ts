/** Half a cosine down, once or with warm restarts. Loshchilov and Hutter 2017, SGDR, arXiv:1608.03983, equation 5. */

import { OptionError } from "@dl/core";
import { checkChoice } from "../check-choice.ts";
import { checkSteps, type Schedule } from "./schedule.ts";

/** From `from` at progress 0 to `to` at progress 1 along half a cosine. */
export function anneal(from: number, to: number, progress: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * progress))) / 2;
}

export interface CosineOptions {
  /** Steps from the initial value to the end. */
  steps: number;
  /** The last value. Default 0. */
  end?: number;
  /** After the last step: `hold` the end, or go up and down the `wave` as PyTorch's CosineAnnealingLR does. Default `hold`. */
  after?: "hold" | "wave";
}

/** From `initial` to `end` along half a cosine. */
export function cosine(initial: number, { steps, end = 0, after = "hold" }: CosineOptions): Schedule {
  checkSteps("schedules.cosine: steps", steps);
  checkChoice("schedules.cosine", ["after", after], { of: ["hold", "wave"] });
  return (now) => anneal(initial, end, after === "hold" ? Math.min(1, now / steps) : now / steps);
}

export interface CosineRestartsOptions {
  /** Steps of the first period. */
  period: number;
  /** Each period is this many times as long as the one before. Default 1. */
  growth?: number;
  /** The value each period falls to. Default 0. */
  end?: number;
}

/** `cosine` again and again, each time from `initial`. PyTorch's CosineAnnealingWarmRestarts. */
export function cosineRestarts(initial: number, { period, growth = 1, end = 0 }: CosineRestartsOptions): Schedule {
  checkSteps("schedules.cosineRestarts: period", period);
  if (!(growth >= 1)) throw new OptionError(`schedules.cosineRestarts: expected growth ≥ 1, got ${growth}.`);
  return (now) => {
    let start = 0;
    let length = period;
    if (growth === 1) start = Math.floor(now / period) * period;
    else for (; now - start >= length; length *= growth) start += length;
    return anneal(initial, end, (now - start) / length);
  };
}
