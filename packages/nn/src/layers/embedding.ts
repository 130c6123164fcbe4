/** A vector for each id. Bengio et al. 2003, "A neural probabilistic language model". */

import { embedding, OptionError, type Rng, type Tensor } from "@dl/core";
import type { Initializer } from "../init/initializer.ts";
import { normal } from "../init/random.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { checkCounts, checkRng } from "./check-options.ts";

export interface EmbeddingOptions {
  /** Number of ids. */
  count: number;
  /** Length of each vector. */
  size: number;
  /** The id of padding: its vector starts at zero and gets no gradient. Default none. */
  paddingIndex?: number;
  /** Default normal with deviation 1. */
  weightInit?: Initializer;
  rng: Rng;
}

/** Ids `[…]`, int32 in [0, count) → `[…, size]`. Ids are not checked on the device: see `checkIndices` of @dl/core. */
export class Embedding extends Module {
  /** `[count, size]` */
  readonly weight: Parameter;
  readonly paddingIndex: number | undefined;

  constructor({ count, size, paddingIndex, weightInit = normal, rng }: EmbeddingOptions) {
    super();
    checkCounts("Embedding", { count, size });
    checkRng("Embedding", rng);
    if (paddingIndex !== undefined && !(Number.isInteger(paddingIndex) && paddingIndex >= 0 && paddingIndex < count)) {
      throw new OptionError(`Embedding: expected a paddingIndex from 0 to ${count - 1}, got ${paddingIndex}.`);
    }
    const table = weightInit([count, size], { rng: rng.fork("weight") });
    if (paddingIndex !== undefined) table.data.fill(0, paddingIndex * size, (paddingIndex + 1) * size);
    this.weight = new Parameter(table);
    this.paddingIndex = paddingIndex;
  }

  forward(ids: Tensor): Tensor {
    return embedding(this.weight.value, ids, this.paddingIndex === undefined ? {} : { paddingIndex: this.paddingIndex });
  }
}
