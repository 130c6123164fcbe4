/** Two collections of images side by side, without saying which belongs to which. */

import { OptionError, type Rng } from "@dl/core";
import type { Dataset, Example } from "@dl/data";

export interface UnpairedOptions {
  /** Puts the second collection into another order. */
  rng: Rng;
  /** Field of both that holds the images. Default `images`. */
  field?: string;
}

/** As long as the longer of the two; the shorter begins again. Fields `a` and `b`: what `fitCycleGan` reads. */
export function unpaired(a: Dataset, b: Dataset, { rng, field = "images" }: UnpairedOptions): Dataset<Example<"a" | "b">> {
  for (const [name, dataset] of Object.entries({ a, b })) {
    if (dataset.length === 0) throw new OptionError(`unpaired: expected images on both sides, got none in ${name}.`);
    const example = dataset.get(0);
    if (!(field in example)) {
      throw new OptionError(`unpaired: expected a field ${JSON.stringify(field)} in ${name}, got ${Object.keys(example).join(", ")}.`);
    }
  }
  const order = rng.permutation(b.length);
  return {
    length: Math.max(a.length, b.length),
    get: (index) => ({ a: a.get(index % a.length)[field]!, b: b.get(order[index % b.length]!)[field]! }),
  };
}
