/** The metric that a callback watches. */

import { OptionError } from "@dl/core";
import type { Metrics } from "../callback.ts";

export interface WatchedMetricOptions {
  /** The callback, for errors. */
  readonly where: string;
  readonly monitor: string;
  /** Where the metric is named, for errors. */
  readonly option: string;
}

/** @throws OptionError for any other word, such as `minimum`, which is Plateau's: what is not `min` would be taken for `max`. */
export function checkDirection(where: string, mode: "min" | "max"): void {
  if (mode !== "min" && mode !== "max") throw new OptionError(`${where}: expected min or max, got ${JSON.stringify(mode)}.`);
}

/** @throws OptionError when the epoch measured no such thing. */
export function watchedMetric(metrics: Metrics, { where, monitor, option }: WatchedMetricOptions): number {
  const value = metrics[monitor];
  if (value === undefined) {
    throw new OptionError(
      `${where}: expected a metric ${JSON.stringify(monitor)}, got only ${Object.keys(metrics).join(", ")}. Give fit \`validate\`, or name another as ${option}.`,
    );
  }
  return value;
}
