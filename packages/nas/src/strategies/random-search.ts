/** Random search: the baseline that everything has to beat. Bergstra and Bengio 2012, "Random search for hyper-parameter optimization". */

import type { Rng } from "@dl/core";
import { sample } from "../space/candidate.ts";
import type { Space } from "../space/space.ts";
import type { Strategy } from "./strategy.ts";

/** Draws candidates; one drawn again costs nothing, for the search remembers its result. */
export function randomSearch<T>(space: Space<T>, { rng }: { rng: Rng }): Strategy<T> {
  return {
    name: "random search",
    ask: () => ({ candidate: sample(space, rng) }),
    tell() {},
  };
}
