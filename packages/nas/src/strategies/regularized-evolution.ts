/**
 * Regularised (ageing) evolution: the best of a sample of the living has a mutated child, and the oldest dies.
 * Real et al. 2019, "Regularized evolution for image classifier architecture search", arXiv:1802.01548, algorithm 1.
 */

import { OptionError, type Rng } from "@dl/core";
import { mutate, sample } from "../space/candidate.ts";
import type { Space } from "../space/space.ts";
import { type Strategy, scoreOf, type Trial } from "./strategy.ts";

export interface RegularizedEvolutionOptions {
  /** Candidates alive at a time. Default 50. */
  readonly population?: number;
  /** Candidates drawn, whose best becomes the parent. Default 10. */
  readonly sampleSize?: number;
  readonly rng: Rng;
}

/** Steady: it never waits for a whole generation. */
export function regularizedEvolution<T>(
  space: Space<T>,
  { population = 50, sampleSize = 10, rng }: RegularizedEvolutionOptions,
): Strategy<T> {
  if (!(Number.isInteger(population) && Number.isInteger(sampleSize) && population >= 1 && sampleSize >= 1)) {
    throw new OptionError(
      `regularizedEvolution: expected whole numbers, population and sampleSize ≥ 1, got ${population} and ${sampleSize}.`,
    );
  }
  const alive: Trial<T>[] = [];
  let asked = 0;
  return {
    name: "regularised evolution",
    ask() {
      if (asked++ < population || alive.length === 0) return { candidate: sample(space, rng) };
      const entrants = Array.from({ length: sampleSize }, () => rng.pick(alive));
      const parent = entrants.reduce((best, entrant) => (scoreOf(entrant) > scoreOf(best) ? entrant : best));
      return { candidate: mutate(space, parent.candidate, rng), parents: [parent.number] };
    },
    tell(trial) {
      alive.push(trial);
      if (alive.length > population) alive.shift();
    },
  };
}
