/** Ranges: constants whose elements go up by equal steps, which may depend on sizes. */

import type { TypedArray } from "@dl/core";
import type { Dimension } from "./dimension.ts";

/** Element i is start + i · step, in each trace. */
export interface Progression {
  readonly start: Dimension;
  readonly step: Dimension;
}

/** The progression that the data of all traces is; undefined when it is none, or when it is the same in all traces. */
export function progressionOf(data: readonly TypedArray[]): Progression | undefined {
  const varies = data.some((one) => one.length !== data[0]!.length || one.some((value: number, i: number) => value !== data[0]![i]));
  if (!varies || data.some((one) => one.length < 2)) return undefined;
  const start = data.map((one) => one[0]!);
  const step = data.map((one) => one[1]! - one[0]!);
  const whole = [...start, ...step].every(Number.isInteger);
  const steady = data.every((one, trace) => one.every((value: number, i: number) => value === start[trace]! + i * step[trace]!));
  return whole && steady && step.every((value) => value !== 0) ? { start, step } : undefined;
}
