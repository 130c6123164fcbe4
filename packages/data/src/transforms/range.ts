/** Ranges that options give: a pair of numbers in order. */

import { OptionError, type Rng } from "@dl/core";

export type Range = readonly [low: number, high: number];

/** Checks a range within [least, most]. */
export function checkRange(
  where: string,
  range: Range,
  { least = -Infinity, most = Infinity }: { least?: number; most?: number } = {},
): Range {
  const [low, high] = range;
  if (!(low >= least && high <= most && low <= high)) {
    throw new OptionError(`${where}: expected a range [low, high] within [${least}, ${most}], got [${low}, ${high}].`);
  }
  return range;
}

export function checkProbability(where: string, probability: number): number {
  if (!(probability >= 0 && probability <= 1)) throw new OptionError(`${where}: expected a probability from 0 to 1, got ${probability}.`);
  return probability;
}

/** One number of the range; drawn even where there is nothing to choose, so that options do not shift the draws after. */
export function drawRange(rng: Rng, [low, high]: Range): number {
  return rng.float(low, high);
}
