/**
 * The allocator of a WebAssembly memory: 64-byte alignment, so that vectors may run over the end of a tensor but never of its block.
 *
 * Small blocks (to 16 KiB) come from lists of one size each. Large ones are cut from the free block that fits best and melt together
 * with free neighbours at once, so a training loop settles at its own peak. Memory never shrinks: WebAssembly has no way to.
 */

import { DlError, type MemoryUse, OutOfMemoryError } from "@dl/core";

const pageBytes = 65536;
const smallLimit = 16384;
const slabBytes = 65536;
/** Large blocks are whole multiples of this. */
const grain = 1024;
/** Left alone at the end of memory: a vector read at the last element may reach past it. */
const guardBytes = 1024;
const growthBytes = 16 * 2 ** 20;

interface FreeBlock {
  readonly address: number;
  readonly bytes: number;
}

/** Rounded up to whole cache lines; without bit operations, which stop at 2 GiB. */
export const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;

const mebibytes = (bytes: number): string => (bytes < 2 ** 20 ? `${bytes} bytes` : `${(bytes / 2 ** 20).toFixed(1)} MiB`);

export class Heap {
  #memory: WebAssembly.Memory | undefined;
  readonly #limit: number;
  readonly #grown: (memory: WebAssembly.Memory) => void;
  /** First address past the large blocks. */
  #end: number;
  /** By size, then by address. */
  #free: FreeBlock[] = [];
  readonly #byStart = new Map<number, FreeBlock>();
  readonly #byEnd = new Map<number, FreeBlock>();
  readonly #small: number[][] = Array.from({ length: smallLimit / 64 + 1 }, () => []);
  #slab = 0;
  #slabEnd = 0;
  /** Buffers in the order in which they were made, with their bytes. */
  readonly #live = new Map<number, number>();
  /** Working memory that the running kernel has not given back. */
  readonly #taken = new Map<number, number>();
  #bytes = 0;
  #peak = 0;

  /** @param options.grown Called after the memory grew: views of it must be made anew. */
  constructor(memory: WebAssembly.Memory, options: { start: number; limit: number; grown: (memory: WebAssembly.Memory) => void }) {
    this.#memory = memory;
    this.#limit = options.limit;
    this.#grown = options.grown;
    this.#end = memory.buffer.byteLength - guardBytes;
    this.#insert(options.start, this.#end - options.start);
  }

  get use(): MemoryUse {
    return { buffers: this.#live.size, bytes: this.#bytes, peakBytes: this.#peak };
  }

  /** A buffer of `bytes`; `use` names the kernel in errors. */
  allocate(bytes: number, use: string): number {
    const address = this.#claim(bytes, use);
    this.#live.set(address, bytes);
    this.#bytes += bytes;
    if (this.#bytes > this.#peak) this.#peak = this.#bytes;
    return address;
  }

  free(address: number): void {
    // What lay on a closed device is gone.
    if (this.#memory === undefined) return;
    const bytes = this.#live.get(address);
    if (bytes === undefined) {
      throw new DlError(
        `wasm.free: expected a live buffer, got ${address}, which was never made or was freed before. Free each buffer once.`,
      );
    }
    this.#live.delete(address);
    this.#bytes -= bytes;
    this.#release(address, bytes);
  }

  /** Working memory of one kernel call, not counted as a buffer. */
  take(bytes: number, use: string): number {
    const address = this.#claim(bytes, use);
    this.#taken.set(address, bytes);
    return address;
  }

  /** The inverse of `take`, with the same `bytes`. */
  give(address: number, bytes: number): void {
    this.#taken.delete(address);
    this.#release(address, bytes);
  }

  /** How many buffers there are. */
  get buffers(): number {
    return this.#live.size;
  }

  /** A kernel failed that began with `buffers` of them: what it made and took goes with it. */
  abandon(buffers: number): void {
    for (const address of [...this.#live.keys()].slice(buffers)) this.free(address);
    for (const [address, bytes] of this.#taken) this.#release(address, bytes);
    this.#taken.clear();
  }

  /** Forgets the memory and what lies in it. */
  close(): void {
    this.#memory = undefined;
    this.#live.clear();
    this.#bytes = 0;
  }

  #claim(bytes: number, use: string): number {
    if (this.#memory === undefined) throw new DlError(`wasm: ${use}: the device is closed. Open another.`);
    if (bytes <= smallLimit) {
      const size = (bytes + 63) & ~63 || 64;
      const free = this.#small[size >> 6]!;
      return free.length > 0 ? free.pop()! : this.#carve(size, use);
    }
    return this.#takeLarge(Math.ceil(bytes / grain) * grain, use);
  }

  #release(address: number, bytes: number): void {
    if (bytes <= smallLimit) this.#small[((bytes + 63) & ~63 || 64) >> 6]!.push(address);
    else this.#giveLarge(address, Math.ceil(bytes / grain) * grain);
  }

  #carve(size: number, use: string): number {
    if (this.#slabEnd - this.#slab < size) {
      // What is left of the slab is a whole number of 64-byte steps: it serves as one small block.
      const rest = this.#slabEnd - this.#slab;
      if (rest > 0) this.#small[rest >> 6]!.push(this.#slab);
      this.#slab = this.#takeLarge(slabBytes, use);
      this.#slabEnd = this.#slab + slabBytes;
    }
    const address = this.#slab;
    this.#slab += size;
    return address;
  }

  #takeLarge(bytes: number, use: string): number {
    let at = this.#position(bytes, 0);
    if (at === this.#free.length) {
      this.#grow(bytes, use);
      at = this.#position(bytes, 0);
    }
    const block = this.#free[at]!;
    this.#free.splice(at, 1);
    this.#byStart.delete(block.address);
    this.#byEnd.delete(block.address + block.bytes);
    if (block.bytes > bytes) this.#insert(block.address + bytes, block.bytes - bytes);
    return block.address;
  }

  #giveLarge(address: number, bytes: number): void {
    const before = this.#byEnd.get(address);
    const after = this.#byStart.get(address + bytes);
    if (before !== undefined) {
      this.#remove(before);
      address = before.address;
      bytes += before.bytes;
    }
    if (after !== undefined) {
      this.#remove(after);
      bytes += after.bytes;
    }
    this.#insert(address, bytes);
  }

  #grow(bytes: number, use: string): void {
    const last = this.#byEnd.get(this.#end);
    const missing = bytes - (last?.bytes ?? 0);
    const room = this.#limit - (this.#end + guardBytes);
    // A little ahead, so that a start does not grow page by page; pages nobody wrote cost nothing.
    const wanted = Math.min(Math.max(missing, growthBytes), room);
    const pages =
      Math.ceil(missing / pageBytes) * pageBytes > room ? -1 : Math.max(Math.ceil(missing / pageBytes), Math.floor(wanted / pageBytes));
    try {
      if (pages < 0) throw new RangeError();
      this.#memory!.grow(pages);
    } catch {
      const why = pages < 0 ? `the limit is ${mebibytes(this.#limit)}` : "the system gives no more";
      throw new OutOfMemoryError(
        `${use}: expected ${mebibytes(bytes)} of device memory, but ${mebibytes(this.#bytes)} are in ${this.#live.size} buffers and ${why}. Use a smaller batch, free what is not needed, or open wasm({ maxMemory }) with more, up to 4 GiB.`,
      );
    }
    this.#giveLarge(this.#end, pages * pageBytes);
    this.#end += pages * pageBytes;
    this.#grown(this.#memory!);
  }

  /** The place in the free list of the first block of at least `bytes` (of that size: at `address` or later). */
  #position(bytes: number, address: number): number {
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const block = this.#free[middle]!;
      if (block.bytes < bytes || (block.bytes === bytes && block.address < address)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(address: number, bytes: number): void {
    const block = { address, bytes };
    this.#free.splice(this.#position(bytes, address), 0, block);
    this.#byStart.set(address, block);
    this.#byEnd.set(address + bytes, block);
  }

  #remove(block: FreeBlock): void {
    this.#free.splice(this.#position(block.bytes, block.address), 1);
    this.#byStart.delete(block.address);
    this.#byEnd.delete(block.address + block.bytes);
  }
}
