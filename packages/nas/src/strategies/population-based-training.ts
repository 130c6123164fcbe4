/**
 * Population-based training: members train side by side; after each interval the worst take over the weights and the hyper-parameters of the
 * best, changed a little. Jaderberg et al. 2017, arXiv:1711.09846.
 */

import { OptionError, type Rng } from "@dl/core";
import { mutate, sample } from "../space/candidate.ts";
import type { Space } from "../space/space.ts";
import { type Proposal, type Strategy, scoreOf, type Trial } from "./strategy.ts";

export interface PopulationBasedTrainingOptions {
  /** Members. Default 8. */
  readonly population?: number;
  /** Intervals each member trains. */
  readonly intervals: number;
  /** Budget of one interval, such as epochs. */
  readonly interval: number;
  /** Share that is replaced by the best share. Default 0.25. */
  readonly share?: number;
  readonly rng: Rng;
}

/** Each trial goes on from the one it names in `from`, for one more interval; its budget counts from the start. */
export function populationBasedTraining<T>(
  space: Space<T>,
  { population = 8, intervals, interval, share = 0.25, rng }: PopulationBasedTrainingOptions,
): Strategy<T> {
  if (
    !(
      Number.isInteger(population) &&
      Number.isInteger(intervals) &&
      population >= 2 &&
      intervals >= 1 &&
      interval > 0 &&
      share > 0 &&
      share <= 0.5
    )
  ) {
    throw new OptionError(
      `populationBasedTraining: expected whole numbers population ≥ 2 and intervals ≥ 1, interval > 0 and a share of at most 0.5, got ${population}, ${intervals}, ${interval} and ${share}.`,
    );
  }
  let queue: Proposal<T>[] = Array.from({ length: population }, () => ({ candidate: sample(space, rng), budget: interval }));
  let round = 1;
  let told: Trial<T>[] = [];
  return {
    name: "population-based training",
    ask() {
      if (queue.length > 0) return queue.shift();
      if (told.length < population) return "wait";
      if (round === intervals) return undefined;
      round++;
      const sorted = [...told].sort((a, b) => scoreOf(b) - scoreOf(a));
      const count = Math.max(1, Math.floor(share * population));
      const best = sorted.slice(0, count).filter(({ scores }) => scores !== null);
      queue = sorted.map((trial, place): Proposal<T> => {
        const budget = round * interval;
        if (best.length === 0) return { candidate: sample(space, rng), budget };
        // One that failed has no weights to go on with, however many failed.
        if (place < population - count && trial.scores !== null) return { candidate: trial.candidate, budget, from: trial.number };
        const parent = rng.pick(best);
        return { candidate: mutate(space, parent.candidate, rng), budget, from: parent.number, parents: [parent.number] };
      });
      told = [];
      return queue.shift();
    },
    tell(trial) {
      told.push(trial);
    },
  };
}
