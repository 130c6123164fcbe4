/** Numbers between two bounds. */

import { OptionError } from "@dl/core";
import type { Domain } from "./decision.ts";
import type { Space } from "./space.ts";

export interface RangeOptions {
  /** Even on a logarithmic scale: for rates and sizes. Default false. */
  readonly log?: boolean;
}

/** Whole numbers from `low` to `high`, both included. */
export function integer(low: number, high: number, { log = false }: RangeOptions = {}): Space<number> {
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high)) {
    throw new OptionError(`integer: expected whole bounds, got ${low} and ${high}.`);
  }
  return range({ kind: "integer", low, high, log });
}

/**
 * Real numbers from `low` to `high`.
 *
 * @example
 * const learningRate = float(1e-4, 1e-1, { log: true });
 */
export function float(low: number, high: number, { log = false }: RangeOptions = {}): Space<number> {
  return range({ kind: "float", low, high, log });
}

function range(domain: Extract<Domain, { low: number }>): Space<number> {
  const { kind, low, high, log } = domain;
  if (!(Number.isFinite(low) && Number.isFinite(high) && low <= high)) {
    throw new OptionError(`${kind}: expected finite bounds with low ≤ high, got ${low} and ${high}.`);
  }
  if (log && low <= 0) throw new OptionError(`${kind}: expected low > 0 for a logarithmic range, got ${low}.`);
  return {
    size: kind === "integer" ? high - low + 1 : low === high ? 1 : Infinity,
    express: (decide, path) => decide(path, domain),
    decisions: (path) => [{ path, domain }],
    canonical: (value) => String(value),
  };
}
