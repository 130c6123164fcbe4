/** First states: float64 numbers, uniform between bounds, from one draw. */

import { type Rng, wordToUnit } from "@dl/core";

/** @internal Fills `count` places of `state` from `at` on. */
export function fillUniform(state: Float64Array, at: number, { rng, count, bound }: { rng: Rng; count: number; bound: number }): void {
  const words = rng.words(count);
  for (let i = 0; i < count; i++) state[at + i] = (2 * wordToUnit(words[i]!) - 1) * bound;
}
