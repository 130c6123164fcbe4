/** Whether a tensor holds numbers alone: operations that lose or spread NaN are taken only then. */

import type { Engine } from "../engine.ts";

/** A sum is finite only if nothing in it is NaN or infinite. Where it overflows the answer is false, and the careful way is right as well. */
export function isFinite(engine: Engine, x: number, rank: number): boolean {
  const axes = engine.constants.ints(Array.from({ length: rank }, (_, axis) => axis));
  const sum = engine.step("Sum", [x, axes]);
  const [value] = engine.addon.tensorDataSync(sum) as Float32Array;
  engine.release(sum);
  return Number.isFinite(value);
}
