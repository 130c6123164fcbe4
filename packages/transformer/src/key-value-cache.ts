/** Keys and values of tokens seen before, so that each is computed once. Shazeer 2019, arXiv:1911.02150, section 2.4. */

import { Cell, gather, hostTensor, narrow, OptionError, ShapeError, sizeOf, type Tensor, writeSlice } from "@dl/core";

/** One layer's memory. */
export interface LayerMemory {
  /** Takes in keys and values `[B, K, T, D]`, and gives those of all tokens so far `[B, K, S, D]`. */
  extend(key: Tensor, value: Tensor): { readonly key: Tensor; readonly value: Tensor };
}

/** What a model reads and fills while it runs. */
export interface KeyValueMemory {
  /** Tokens held now. */
  readonly length: number;
  layer(index: number): LayerMemory;
  /** Called by the model once all layers have taken in `count` tokens. */
  advance(count: number): void;
}

/** The size of a cache: given by a model's `cacheShape`. */
export interface CacheShape {
  readonly layers: number;
  readonly keyHeads: number;
  readonly headSize: number;
}

export interface KeyValueCacheOptions extends CacheShape {
  readonly batch: number;
  /** Tokens there is room for. */
  readonly capacity: number;
}

/**
 * A cache of fixed size: its memory is taken once, and a token writes only its own place.
 *
 * @example
 * using cache = new KeyValueCache({ ...model.cacheShape, batch: 1, capacity: 256 });
 * const logits = await device.compute(() => model.forward({ ids: tensor(ids) }, inference, { cache }));
 */
export class KeyValueCache implements KeyValueMemory, Disposable {
  readonly capacity: number;
  readonly #layers: readonly { readonly key: Cell; readonly value: Cell }[];
  #length = 0;

  constructor({ layers, keyHeads, headSize, batch, capacity }: KeyValueCacheOptions) {
    if (!Number.isInteger(capacity) || capacity < 1 || !Number.isInteger(batch) || batch < 1) {
      throw new OptionError(`KeyValueCache: expected a whole batch and capacity of at least 1, got ${batch} and ${capacity}.`);
    }
    this.capacity = capacity;
    const shape = [batch, keyHeads, capacity, headSize];
    const empty = (): Cell => new Cell(hostTensor(new Float32Array(sizeOf(shape)), shape));
    this.#layers = Array.from({ length: layers }, () => ({ key: empty(), value: empty() }));
  }

  get length(): number {
    return this.#length;
  }

  layer(index: number): LayerMemory {
    const { key: keys, value: values } = this.#layers[index]!;
    return {
      extend: (key, value) => {
        const size = this.#length + key.shape[2]!;
        if (size > this.capacity) {
          throw new ShapeError(`KeyValueCache: expected at most ${this.capacity} tokens, got ${size}. Make it with a larger capacity.`);
        }
        const taken = (cell: Cell, fresh: Tensor): Tensor => {
          writeSlice(cell, fresh, { axis: 2, start: this.#length });
          return size === this.capacity ? cell.value : narrow(cell.value, 2, { start: 0, size });
        };
        return { key: taken(keys, key), value: taken(values, value) };
      },
    };
  }

  advance(count: number): void {
    this.#length += count;
  }

  /** Forgets everything after the first `length` tokens. Default all. */
  truncate(length = 0): void {
    if (!Number.isInteger(length) || length < 0 || length > this.#length) {
      throw new OptionError(`KeyValueCache.truncate: expected a length from 0 to ${this.#length}, got ${length}.`);
    }
    this.#length = length;
  }

  /** Inside `compute`: row i becomes what row `rows[i]` (int32 `[B]`) was, as beam search needs it. */
  reorder(rows: Tensor): void {
    for (const { key, value } of this.#layers) for (const cell of [key, value]) cell.set(gather(cell.value, rows, { axis: 0 }));
  }

  [Symbol.dispose](): void {
    for (const { key, value } of this.#layers) {
      key[Symbol.dispose]();
      value[Symbol.dispose]();
    }
  }
}
