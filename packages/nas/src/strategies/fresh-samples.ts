/** Candidates drawn at random that were not drawn before. */

import type { Rng } from "@dl/core";
import { type Candidate, sample } from "../space/candidate.ts";
import type { Space } from "../space/space.ts";

/** After so many repeats in a row there is hardly anything new to be drawn. */
const mostRepeats = 100;

/**
 * Gives a function that draws. In a continuous space no draw repeats another, and papers that say "at random" mean that; in a small one, or one
 * where many genotypes are the same candidate, repeats would take places among those compared and say nothing. When all is drawn, they come again.
 */
export function freshSamples<T>(space: Space<T>, rng: Rng): () => Candidate<T> {
  const drawn = new Set<string>();
  return () => {
    let candidate = sample(space, rng);
    for (let repeats = 0; repeats < mostRepeats && drawn.has(candidate.key); repeats++) candidate = sample(space, rng);
    drawn.add(candidate.key);
    return candidate;
  };
}
