/** For tests: environments to step in threads, some of which break. */

import { cartPole } from "../environments/cart-pole.ts";
import { taxi } from "../environments/taxi.ts";
import { environmentOf } from "../system.ts";
import { environmentCopies } from "../vector/copies.ts";
import { systemCopies } from "../vector/system-copies.ts";
import type { VectorEnvironment } from "../vector/vector-environment.ts";

export type Fault = "throw" | "exit" | "hang" | undefined;

export function environments(part: { readonly count: number; readonly first: number }, input: unknown): VectorEnvironment {
  if (input === "taxi") return systemCopies(taxi(), part);
  const fault = input as Fault;
  if (fault === undefined) return systemCopies(cartPole(), part);
  const world = environmentOf(cartPole());
  const worlds = Array.from({ length: part.count }, () => environmentOf(cartPole()));
  let steps = 0;
  const breaking = {
    name: "Breaking",
    observationSpace: world.observationSpace,
    actionSpace: world.actionSpace,
    reset: world.reset.bind(world),
    step(action: number) {
      if (++steps === 3 && fault === "throw") throw new Error("the cart has no wheels");
      if (steps === 3 && fault === "exit") process.exit(3);
      while (steps === 3 && fault === "hang");
      return world.step(action);
    },
  };
  return environmentCopies(part.first === 0 ? worlds : [breaking, ...worlds.slice(1)], part);
}
