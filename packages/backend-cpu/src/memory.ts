/** Counted buffers: typed arrays handed out, remembered until they are freed, and then kept for the next kernel that asks for that length. */

import { type DType, type MemoryUse, ScopeError, type TypedArray } from "@dl/core";

export type Floats = Float32Array | Float64Array;

type Pool<T extends TypedArray> = Map<number, T[]>;

/** Freed buffers above this many bytes are left to the garbage collector: shapes that never come back must not pile up. */
const poolLimit = 256 * 2 ** 20;

export class Memory {
  /** What a float is on this device. */
  readonly float: "float32" | "float64";
  readonly #live = new Set<TypedArray>();
  readonly #floats: Pool<Floats> = new Map();
  readonly #ints: Pool<Int32Array> = new Map();
  readonly #bools: Pool<Uint8Array> = new Map();
  readonly #scratch: Float64Array[] = [];
  #bytes = 0;
  #peakBytes = 0;
  #pooledBytes = 0;
  #closed = false;

  constructor(float: "float32" | "float64") {
    this.float = float;
  }

  /** A buffer of floats; what it holds is undefined. */
  floats(length: number): Floats {
    const pooled = this.#floats.get(length)?.pop();
    if (pooled !== undefined) return this.#reissue(pooled);
    return this.#issue(this.float === "float32" ? new Float32Array(length) : new Float64Array(length));
  }

  /** A buffer of int32; what it holds is undefined. */
  ints(length: number): Int32Array {
    const pooled = this.#ints.get(length)?.pop();
    return pooled === undefined ? this.#issue(new Int32Array(length)) : this.#reissue(pooled);
  }

  /** A buffer of bools; what it holds is undefined. */
  bools(length: number): Uint8Array {
    const pooled = this.#bools.get(length)?.pop();
    return pooled === undefined ? this.#issue(new Uint8Array(length)) : this.#reissue(pooled);
  }

  /** A buffer of `dtype`, in which both float dtypes mean this device's; what it holds is undefined. */
  of(dtype: DType, length: number): TypedArray {
    switch (dtype) {
      case "float32":
      case "float64":
        return this.floats(length);
      case "int32":
        return this.ints(length);
      case "bool":
        return this.bools(length);
      default:
        return dtype satisfies never;
    }
  }

  /** A buffer of zeros. */
  zeros(dtype: DType, length: number): TypedArray {
    return this.of(dtype, length).fill(0);
  }

  /**
   * Working space of a kernel, in double precision: at least `length` elements with undefined contents, valid until the next call with this slot.
   * A kernel that calls another one takes slots the other does not.
   */
  scratch(slot: number, length: number): Float64Array {
    const kept = this.#scratch[slot];
    if (kept !== undefined && kept.length >= length) return kept;
    return (this.#scratch[slot] = new Float64Array(Math.max(length, 1024)));
  }

  free(buffer: TypedArray): void {
    if (!this.#live.delete(buffer)) {
      throw new ScopeError("free: expected a buffer of this device that is in use, got one freed before or made elsewhere. Free it once.");
    }
    this.#bytes -= buffer.byteLength;
    if (this.#pooledBytes + buffer.byteLength > poolLimit) this.#emptyPools();
    this.#pooledBytes += buffer.byteLength;
    if (buffer instanceof Int32Array) keep(this.#ints, buffer);
    else if (buffer instanceof Uint8Array) keep(this.#bools, buffer);
    else keep(this.#floats, buffer);
  }

  isLive(buffer: TypedArray): boolean {
    return this.#live.has(buffer);
  }

  get use(): MemoryUse {
    return { buffers: this.#live.size, bytes: this.#bytes, peakBytes: this.#peakBytes };
  }

  close(): void {
    this.#closed = true;
    this.#live.clear();
    this.#scratch.length = 0;
    this.#bytes = 0;
    this.#emptyPools();
  }

  #reissue<T extends TypedArray>(buffer: T): T {
    this.#pooledBytes -= buffer.byteLength;
    return this.#issue(buffer);
  }

  #issue<T extends TypedArray>(buffer: T): T {
    if (this.#closed) throw new ScopeError("cpu: expected an open device, got one that was closed. Open a new one.");
    this.#live.add(buffer);
    this.#bytes += buffer.length * buffer.BYTES_PER_ELEMENT;
    if (this.#bytes > this.#peakBytes) this.#peakBytes = this.#bytes;
    return buffer;
  }

  #emptyPools(): void {
    this.#floats.clear();
    this.#ints.clear();
    this.#bools.clear();
    this.#pooledBytes = 0;
  }
}

function keep<T extends TypedArray>(pool: Pool<T>, buffer: T): void {
  const same = pool.get(buffer.length);
  if (same === undefined) pool.set(buffer.length, [buffer]);
  else same.push(buffer);
}
