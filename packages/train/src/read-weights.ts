/** A model's weights on the host and back. */

import type { HostTensor } from "@dl/core";
import type { Module } from "@dl/nn";

/** Whether every weight and running statistic is a finite number. */
export function areFinite(weights: ReadonlyMap<string, HostTensor>): boolean {
  for (const { data } of weights.values()) if (!data.every(Number.isFinite)) return false;
  return true;
}

/** Loads what `readState` gave. NaN is let through: these were the model's own. */
export function putBack(model: Module, weights: ReadonlyMap<string, HostTensor>): void {
  const cells = model.state();
  for (const [path, weight] of weights) cells.get(path)?.load(weight);
}
