/** Local search: goes to the first better neighbour, and starts anew where there is none. White et al. 2021, arXiv:2004.08996. */

import type { Rng } from "@dl/core";
import { type Candidate, neighbours, sample } from "../space/candidate.ts";
import type { Space } from "../space/space.ts";
import { type Strategy, scoreOf, type Trial } from "./strategy.ts";

/** Neighbours are tried in a random order. */
export function localSearch<T>(space: Space<T>, { rng }: { rng: Rng }): Strategy<T> {
  let here: Trial<T> | undefined;
  let around: Candidate<T>[] = [];
  let waiting = 0;
  return {
    name: "local search",
    ask() {
      if (!here || (around.length === 0 && waiting === 0)) {
        if (!here && waiting > 0) return "wait";
        here = undefined;
        waiting++;
        return { candidate: sample(space, rng) };
      }
      const next = around.pop();
      if (!next) return "wait";
      waiting++;
      return { candidate: next, parents: [here.number] };
    },
    tell(trial) {
      waiting--;
      if (here && scoreOf(trial) <= scoreOf(here)) return;
      here = trial;
      const near = [...neighbours(space, trial.candidate)];
      around = Array.from(rng.permutation(near.length), (i) => near[i]!);
    },
  };
}
