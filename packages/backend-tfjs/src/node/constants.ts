/** Small tensors that operations take as arguments (shapes, axes, factors), made once and used again. */

import type { Addon } from "./addon.ts";

/** How many of a generation are kept. What a running kernel has asked for is always among the newest. */
const generation = 512;
/** Bytes of a generation, or one constant: the masks of attention are large, and lengths that differ from batch to batch have one each. */
const mostBytes = 64 * 2 ** 20;

export class Constants {
  readonly #addon: Addon;
  #young = new Map<string, number>();
  #old = new Map<string, number>();
  #youngBytes = 0;

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  /** An int32 vector. */
  ints(values: readonly number[]): number {
    return this.#get(`i${values}`, () => this.#addon.createTensor([values.length], this.#addon.TF_INT32, Int32Array.from(values)));
  }

  /** An int32 scalar. */
  int(value: number): number {
    return this.#get(`s${value}`, () => this.#addon.createTensor([], this.#addon.TF_INT32, Int32Array.of(value)));
  }

  /** A float32 scalar. */
  float(value: number): number {
    return this.#get(Object.is(value, -0) ? "f-0" : `f${value}`, () =>
      this.#addon.createTensor([], this.#addon.TF_FLOAT, Float32Array.of(value)),
    );
  }

  bool(value: boolean): number {
    return this.#get(`b${value}`, () => this.#addon.createTensor([], this.#addon.TF_BOOL, Uint8Array.of(value ? 1 : 0)));
  }

  /** Anything a kernel works out on the host from `key`. `bytes` of large ones; a kernel asks for one of those at most. */
  made(key: string, make: () => number, { bytes = 0 }: { bytes?: number } = {}): number {
    return this.#get(key, make, bytes);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  clear(): void {
    for (const ids of [this.#young, this.#old]) {
      for (const id of ids.values()) this.#addon.deleteTensor(id);
      ids.clear();
    }
    this.#youngBytes = 0;
  }

  #get(key: string, make: () => number, bytes = 0): number {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.#old.delete(key);
    const id = old ?? make();
    const isFull = this.#young.size >= generation || (bytes > 0 && this.#youngBytes > 0 && this.#youngBytes + bytes > mostBytes);
    if (isFull) {
      for (const stale of this.#old.values()) this.#addon.deleteTensor(stale);
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#youngBytes += bytes;
    this.#young.set(key, id);
    return id;
  }
}
