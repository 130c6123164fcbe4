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
export function lengthened(mask: Tensor | undefined, length: number): Tensor | undefined {
  return mask && length > 0 ? concat([ones([mask.shape[0]!, length], { dtype: "bool" }), mask], { axis: 1 }) : mask;
}

function readsAnother(model: object): boolean {
  return "encode" in model;
}

/**
 * Vectors in front of the text's: `model.forward(prompt.forward(input), mode)`; its outputs begin with those of the prompt. With an
 * encoder–decoder they stand in front of the text that is read: `model.forward({ source: prompt.forward(source), target }, mode)`.
 * `generate` takes it as `softPrompt`.
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
  readonly #model: { readonly tokens: Embedding };

  constructor(model: { readonly tokens: Embedding }, options: SoftPromptOptions) {
    super();
    this.prompt = learned("PromptTuning", model.tokens.weight.shape[1]!, options);
    this.#model = model;
  }

  get length(): number {
    return this.prompt.shape[0]!;
  }
  /** The embedding of the model it stands in. */
  get tokens(): Embedding {
    return this.#model.tokens;
  }
  /** The model reads one text and writes another: the prompt stands before the first. */
  get isOfTwoTexts(): boolean {
    return readsAnother(this.#model);
  }

  forward({ ids, mask, ...rest }: Omit<TokenInput, "embeddings" | "positions" | "segments">): TokenInput {
    const [length, size] = this.prompt.shape as readonly [number, number];
    const front = broadcastTo(this.prompt.value.expandDims(0), [ids.shape[0]!, length, size]);
    return { ...rest, ids, embeddings: concat([front, this.tokens.forward(ids)], { axis: 1 }), mask: lengthened(mask, length) };
  }
}

/**
 * Keys and values in front of every layer's: `model.forward(prefix.input(input), mode, { cache: prefix.forward(batch) })`. The text's
 * positions count on from the prefix. `generate` takes it as `softPrompt`.
 */
export class PrefixTuning extends Module {
  /** `[length, layers · 2 · heads · D]`: of each layer the keys, then the values. */
  readonly prompt: Parameter;
  readonly #shape: CacheShape;
  /** The model reads one text and writes another. */
  readonly isOfTwoTexts: boolean;

  constructor(model: { readonly cacheShape: CacheShape }, options: SoftPromptOptions) {
    super();
    const { layers, keyHeads, headSize } = model.cacheShape;
    this.prompt = learned("PrefixTuning", layers * 2 * keyHeads * headSize, options);
    this.#shape = model.cacheShape;
    this.isOfTwoTexts = readsAnother(model);
  }

  get length(): number {
    return this.prompt.shape[0]!;
  }

  get cacheShape(): CacheShape {
    return this.#shape;
  }

  /** The mask, where there is one, with the prefix in front. */
  input({ mask, ...rest }: TokenInput): TokenInput {
    return { ...rest, mask: lengthened(mask, this.prompt.shape[0]!) };
  }

  /** Keys and values `[batch, K, length, D]` of each layer. */
  #parts(batch: number): (layer: number) => { key: Tensor; value: Tensor } {
    const { layers, keyHeads, headSize } = this.#shape;
    const { length } = this;
    const all = this.prompt.value.reshape([length, layers * 2, keyHeads, headSize]).transpose([1, 2, 0, 3]); // [2 · layers, K, length, D]
    const part = (place: number): Tensor => broadcastTo(narrow(all, 0, { start: place, size: 1 }), [batch, keyHeads, length, headSize]);
    return (layer) => ({ key: part(2 * layer), value: part(2 * layer + 1) });
  }

  /** What the model takes as its cache, for one pass over `batch` rows. */
  forward(batch: number): KeyValueMemory {
    const parts = this.#parts(batch);
    return {
      length: this.length,
      layer: (index) => ({
        extend: (key, value) => {
          const front = parts(index);
          return { key: concat([front.key, key], { axis: 2 }), value: concat([front.value, value], { axis: 2 }) };
        },
      }),
      advance() {},
    };
  }

  /** Inside `compute`: writes the prefix into an empty cache of `batch` rows, which then goes on with the text. */
  begin(cache: KeyValueMemory, batch: number): void {
    const parts = this.#parts(batch);
    for (let layer = 0; layer < this.#shape.layers; layer++) {
      const { key, value } = parts(layer);
      cache.layer(layer).extend(key, value);
    }
    cache.advance(this.length);
  }
}

/** What stands in front of every text that `generate` writes. */
export type SoftPrompt = PromptTuning | PrefixTuning;
