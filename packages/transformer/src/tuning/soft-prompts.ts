/** Learned beginnings. Prompt tuning: vectors before the text's. Lester et al. 2021, arXiv:2104.08691. Prefix tuning: keys and values in every layer. Li and Liang 2021, arXiv:2101.00190. */

import { broadcastTo, concat, narrow, OptionError, ones, type Rng, type Tensor } from "@dl/core";
import { type Embedding, init, Module, Parameter } from "@dl/nn";
import type { TokenInput } from "../forward-pass.ts";
import type { CacheShape, KeyValueMemory } from "../key-value-cache.ts";

export interface SoftPromptOptions {
  /** Vectors learned. */
  length: number;
  /** Deviation of their first values. Default 0.02. */
  deviation?: number;
  rng: Rng;
}

function learned(where: string, columns: number, { length, deviation = 0.02, rng }: SoftPromptOptions): Parameter {
  if (!Number.isInteger(length) || length < 1) throw new OptionError(`${where}: expected a whole length ≥ 1, got ${length}.`);
  return new Parameter(init.normal([length, columns], { rng: rng.fork("prompt"), standardDeviation: deviation }));
}

/** `[B, T]` with `length` real tokens in front; undefined stays. */
function lengthened(mask: Tensor | undefined, length: number): Tensor | undefined {
  return mask && concat([ones([mask.shape[0]!, length], { dtype: "bool" }), mask], { axis: 1 });
}

/**
 * Vectors in front of the text's: `model.forward(prompt.forward(input), mode)`; its outputs begin with those of the prompt.
 *
 * @example
 * const model = new Gpt2({ ...nanoGptShakespeare, layers: 1, rng });
 * const prompt = new PromptTuning(model, { length: 4, rng: rng.fork("prompt") });
 * const ids = tensor([[1, 2, 3]], { dtype: "int32" });
 * model.forward(prompt.forward({ ids }), inference).shape; // [1, 7, 65]
 */
export class PromptTuning extends Module {
  /** `[length, C]` */
  readonly prompt: Parameter;
  readonly #tokens: Embedding;

  constructor({ tokens }: { readonly tokens: Embedding }, options: SoftPromptOptions) {
    super();
    this.prompt = learned("PromptTuning", tokens.weight.shape[1]!, options);
    this.#tokens = tokens;
  }

  forward({ ids, mask, ...rest }: Omit<TokenInput, "embeddings" | "positions" | "segments">): TokenInput {
    const [length, size] = this.prompt.shape as readonly [number, number];
    const front = broadcastTo(this.prompt.value.expandDims(0), [ids.shape[0]!, length, size]);
    return { ...rest, ids, embeddings: concat([front, this.#tokens.forward(ids)], { axis: 1 }), mask: lengthened(mask, length) };
  }
}

/**
 * Keys and values in front of every layer's: `model.forward(prefix.input(input), mode, { cache: prefix.forward(batch) })`. The text's
 * positions count on from the prefix.
 */
export class PrefixTuning extends Module {
  /** `[length, layers · 2 · heads · D]`: of each layer the keys, then the values. */
  readonly prompt: Parameter;
  readonly #shape: CacheShape;

  constructor({ cacheShape }: { readonly cacheShape: CacheShape }, options: SoftPromptOptions) {
    super();
    const { layers, keyHeads, headSize } = cacheShape;
    this.prompt = learned("PrefixTuning", layers * 2 * keyHeads * headSize, options);
    this.#shape = cacheShape;
  }

  get cacheShape(): CacheShape {
    return this.#shape;
  }

  /** The mask, where there is one, with the prefix in front. */
  input({ mask, ...rest }: TokenInput): TokenInput {
    return { ...rest, mask: lengthened(mask, this.prompt.shape[0]!) };
  }

  /** What the model takes as its cache, for one pass over `batch` rows. */
  forward(batch: number): KeyValueMemory {
    const { layers, keyHeads, headSize } = this.#shape;
    const length = this.prompt.shape[0]!;
    const all = this.prompt.value.reshape([length, layers * 2, keyHeads, headSize]).transpose([1, 2, 0, 3]); // [2 · layers, K, length, D]
    const part = (place: number): Tensor => broadcastTo(narrow(all, 0, { start: place, size: 1 }), [batch, keyHeads, length, headSize]);
    return {
      length,
      layer: (index) => ({
        extend: (key, value) => ({
          key: concat([part(2 * index), key], { axis: 2 }),
          value: concat([part(2 * index + 1), value], { axis: 2 }),
        }),
      }),
      advance() {},
    };
  }
}
