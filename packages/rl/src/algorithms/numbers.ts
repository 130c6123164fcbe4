/** Small statistics of host arrays, for logs and for losses. */

import type { Rng } from "@dl/core";

/** The mean of `of(x)`; NaN of nothing. */
export function mean(values: ArrayLike<number> | { readonly data: ArrayLike<number> }, of: (x: number) => number = (x) => x): number {
  const list = "data" in values ? values.data : values;
  let sum = 0;
  for (let i = 0; i < list.length; i++) sum += of(list[i]!);
  return sum / list.length;
}

/** Of the population. */
export function variance(values: ArrayLike<number>): number {
  const center = mean(values);
  return mean(values, (x) => (x - center) ** 2);
}

/** In place: less the mean, over the sample's standard deviation plus 10⁻⁸. */
export function normalized(values: Float32Array | Float64Array): void {
  const center = mean(values);
  const std = Math.sqrt((variance(values) * values.length) / Math.max(values.length - 1, 1));
  for (let i = 0; i < values.length; i++) values[i] = (values[i]! - center) / (std + 1e-8);
}

/** 1 − Var(target − prediction) / Var(target): 1 is perfect, 0 no better than the mean; NaN when the target does not vary. */
export function explainedVariance(predictions: ArrayLike<number>, targets: ArrayLike<number>): number {
  const spread = variance(targets);
  const errors = Float64Array.from(targets, (target, i) => target - predictions[i]!);
  return spread === 0 ? Number.NaN : 1 - variance(errors) / spread;
}

/** The numbers 0 … length − 1 in random order, from one draw of words: Fisher and Yates; the bias of the remainder is below length · 2⁻³². */
export function shuffled(rng: Rng, length: number): Int32Array {
  const words = rng.words(length);
  const order = Int32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = (words[i]! >>> 0) % (i + 1);
    const swap = order[i]!;
    order[i] = order[j]!;
    order[j] = swap;
  }
  return order;
}
