/** Grid search: everything, in order. */

import { enumerate } from "../space/candidate.ts";
import type { Space } from "../space/space.ts";
import type { Strategy } from "./strategy.ts";

/** `points` is the number of values tried of each real range; default 5. */
export function gridSearch<T>(space: Space<T>, { points = 5 }: { points?: number } = {}): Strategy<T> {
  const candidates = enumerate(space, { points });
  return {
    name: "grid search",
    ask() {
      const { value, done } = candidates.next();
      return done ? undefined : { candidate: value };
    },
    tell() {},
  };
}
