/** Layers with normal first weights and zero biases, as most transformers start. Radford et al. 2018; Devlin et al. 2018, appendix A. */

import type { Rng } from "@dl/core";
import { Embedding, type Initializer, init, Linear } from "@dl/nn";

export function normalOf(standardDeviation: number): Initializer {
  return (shape, { rng }) => init.normal(shape, { rng, standardDeviation });
}

export interface NormalLinearOptions {
  inputs: number;
  outputs: number;
  deviation: number;
  /** Default true. */
  bias?: boolean;
  rng: Rng;
}

export function normalLinear({ inputs, outputs, deviation, bias = true, rng }: NormalLinearOptions): Linear {
  return new Linear({ inputs, outputs, bias, weightInit: normalOf(deviation), biasInit: init.zeros, rng });
}

export function normalEmbedding({ count, size, deviation, rng }: { count: number; size: number; deviation: number; rng: Rng }): Embedding {
  return new Embedding({ count, size, weightInit: normalOf(deviation), rng });
}
