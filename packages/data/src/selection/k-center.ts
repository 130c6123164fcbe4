/** Examples that cover the others best: core-set selection. Sener and Savarese 2017, arXiv:1708.00489, algorithm 1; Gonzalez 1985. */

import { DataError, type HostTensor, OptionError } from "@dl/core";

export interface KCenterOptions {
  /** How many are chosen. */
  count: number;
  /** Examples that have labels already: what they cover needs no other. Without any, the first chosen is the one farthest from the mean. */
  labelled?: ArrayLike<number> | undefined;
}

/**
 * Greedy k-center: each time the example farthest from all chosen and labelled ones. Never worse than twice the best possible radius.
 *
 * @param features `[N, size]`, such as the last layer before the head.
 */
export function kCenter(features: HostTensor, { count, labelled = [] }: KCenterOptions): Int32Array {
  const [length, size] = features.shape;
  if (features.shape.length !== 2 || length === undefined || size === undefined || length === 0) {
    throw new DataError(`kCenter: expected features [N, size] of at least one example, got [${features.shape.join(", ")}].`);
  }
  const known = Array.from(labelled);
  if (known.some((i) => !Number.isInteger(i) || i < 0 || i >= length))
    throw new OptionError(`kCenter: expected labelled from 0 to ${length - 1}, got ${known}.`);
  if (!Number.isInteger(count) || count < 0 || count > length - new Set(known).size) {
    throw new OptionError(
      `kCenter: expected a whole count from 0 to ${length - new Set(known).size}, the examples without labels, got ${count}.`,
    );
  }
  const { data } = features;
  const squaredDistances = (center: (j: number) => number, i: number): number => {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += (data[i * size + j]! - center(j)) ** 2;
    return sum;
  };
  const nearest = new Float64Array(length).fill(Infinity);
  const cover = (example: number): void => {
    for (let i = 0; i < length; i++)
      nearest[i] = Math.min(
        nearest[i]!,
        squaredDistances((j) => data[example * size + j]!, i),
      );
    // Chosen ones are never chosen again, not even where others lie at the same place.
    nearest[example] = -1;
  };
  for (const example of known) cover(example);
  const chosen: number[] = [];
  if (known.length === 0 && count > 0) {
    const mean = Float64Array.from({ length: size }, (_, j) => {
      let sum = 0;
      for (let i = 0; i < length; i++) sum += data[i * size + j]!;
      return sum / length;
    });
    const away = Float64Array.from({ length }, (_, i) => squaredDistances((j) => mean[j]!, i));
    chosen.push(largestAt(away));
    cover(chosen[0]!);
  }
  while (chosen.length < count) {
    const farthest = largestAt(nearest);
    chosen.push(farthest);
    cover(farthest);
  }
  return Int32Array.from(chosen);
}

function largestAt(values: Float64Array): number {
  let at = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[at]!) at = i;
  return at;
}
