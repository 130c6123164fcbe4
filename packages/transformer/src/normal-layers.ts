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

export interface NormalEmbeddingOptions {
  count: number;
  size: number;
  deviation: number;
  /** Its vector starts at zero and gets no gradient as an input. Default none. */
  padId?: number | undefined;
  rng: Rng;
}

export function normalEmbedding({ count, size, deviation, padId, rng }: NormalEmbeddingOptions): Embedding {
  // Some files name an id outside of the table, for none.
  const padding = padId !== undefined && padId >= 0 && padId < count ? { paddingIndex: padId } : {};
  return new Embedding({ count, size, weightInit: normalOf(deviation), ...padding, rng });
}
