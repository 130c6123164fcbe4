/** Buffers of the device: reused by size, counted, capped, and given back when too many lie idle. */

import { DlError, type MemoryUse, OutOfMemoryError } from "@dl/core";

/** Memory of the GPU, used by one `DeviceBuffer` after another, or by several side by side. */
export interface Block {
  readonly gpu: GPUBuffer;
  readonly bytes: number;
  /** Names it in keys of bind groups. */
  readonly id: number;
  /** The submission that last used it: what the host writes may not overtake commands that are not submitted yet. */
  submission: number;
  /** Live buffers in it. */
  tenants: number;
  /** Holds one number for good: whoever wants to write moves out first. */
  constant: boolean;
}

/** What the core calls a buffer: alive until it is freed, once. */
export interface DeviceBuffer {
  /** Where it lies; `gather` moves it. */
  block: Block;
  /** Bytes from the start of the block, a multiple of 256. */
  offset: number;
  /** Its size, rounded up to a multiple of 256. */
  readonly bytes: number;
  alive: boolean;
}

export interface MemoryLimits {
  /** Bytes of all blocks together. */
  readonly total: number;
  /** Bytes of one. */
  readonly single: number;
}

/** Idle blocks below this many bytes are kept whatever the use. */
const idleFloor = 64 * 2 ** 20;
/** STORAGE | COPY_SRC | COPY_DST: the numbers of GPUBufferUsage, which Node has no global for. */
const usage = 0x80 | 0x04 | 0x08;

/** Sizes are rounded up to eighths of a power of two, so that batches of slightly different sizes share blocks. */
function roundedBytes(bytes: number): number {
  const step = Math.max(256, 2 ** (Math.floor(Math.log2(Math.max(bytes, 1))) - 3));
  return Math.max(256, Math.ceil(bytes / step) * step);
}

export class Memory {
  readonly #gpu: GPUDevice;
  readonly #limits: MemoryLimits;
  readonly #onDestroy: (block: Block) => void;
  /** By size; a size used is moved to the end, so the first was idle longest. */
  readonly #idle = new Map<number, Block[]>();
  #blocks = 0;
  #buffers = 0;
  #bytes = 0;
  #peakBytes = 0;
  #reserved = 0;
  #idleBytes = 0;
  /** Buffers made since `begin`. */
  readonly #recent: DeviceBuffer[] = [];
  /** Promises of allocations: null, or the error of the GPU. */
  readonly checks: Promise<GPUError | null>[] = [];

  constructor(gpu: GPUDevice, { limits, onDestroy }: { limits: MemoryLimits; onDestroy: (block: Block) => void }) {
    this.#gpu = gpu;
    this.#limits = limits;
    this.#onDestroy = onDestroy;
  }

  get use(): MemoryUse {
    return { buffers: this.#buffers, bytes: this.#bytes, peakBytes: this.#peakBytes };
  }

  /** Bytes taken from the GPU, idle ones included. */
  get reserved(): number {
    return this.#reserved;
  }

  /** Bytes of the largest buffer there can be. */
  get largest(): number {
    return this.#limits.single;
  }

  /** A new buffer of at least `length` bytes, whose contents are anything. */
  allocate(length: number, where: string): DeviceBuffer {
    const bytes = roundedBytes(length);
    const block = this.#take(bytes, where);
    this.#buffers++;
    this.#bytes += bytes;
    if (this.#bytes > this.#peakBytes) this.#peakBytes = this.#bytes;
    block.tenants = 1;
    const buffer = { block, offset: 0, bytes, alive: true };
    this.#recent.push(buffer);
    return buffer;
  }

  /** A kernel begins: what it makes is its own until it returns. */
  begin(): void {
    this.#recent.length = 0;
  }

  /** The kernel failed: what it made goes with it. */
  abandon(): void {
    for (const buffer of this.#recent) if (buffer.alive) this.free(buffer);
    this.#recent.length = 0;
  }

  /** A block of one number for any number of buffers; `write` fills it. */
  makeConstant(write: (buffer: DeviceBuffer) => void): Block {
    const block = this.#take(roundedBytes(4), "fill");
    // Its own tenant: it never goes idle.
    block.tenants = 1;
    block.constant = true;
    write({ block, offset: 0, bytes: block.bytes, alive: true });
    return block;
  }

  /** Another buffer in a constant block. */
  lend(block: Block): DeviceBuffer {
    block.tenants++;
    this.#buffers++;
    this.#bytes += block.bytes;
    if (this.#bytes > this.#peakBytes) this.#peakBytes = this.#bytes;
    return { block, offset: 0, bytes: block.bytes, alive: true };
  }

  free(buffer: DeviceBuffer): void {
    if (!buffer.alive) throw new DlError("webgpu: expected a live buffer to free, got one freed before.");
    buffer.alive = false;
    this.#buffers--;
    this.#bytes -= buffer.bytes;
    this.#leave(buffer.block);
  }

  /** Gives up a constant block: it goes idle once its buffers are freed. */
  forget(block: Block): void {
    this.#leave(block);
  }

  /** Moves buffers side by side into one block, in their order; `copy` moves what they hold. */
  gather(buffers: readonly DeviceBuffer[], copy: (from: DeviceBuffer, to: DeviceBuffer) => void): void {
    const block = this.#take(roundedBytes(buffers.reduce((sum, { bytes }) => sum + bytes, 0)), "gather");
    block.tenants = buffers.length;
    let offset = 0;
    for (const buffer of buffers) {
      const left = buffer.block;
      copy(buffer, { ...buffer, block, offset });
      buffer.block = block;
      buffer.offset = offset;
      offset += buffer.bytes;
      this.#leave(left);
    }
  }

  #leave(block: Block): void {
    if (--block.tenants > 0) return;
    block.constant = false;
    const same = this.#idle.get(block.bytes);
    if (same) same.push(block);
    else this.#idle.set(block.bytes, [block]);
    this.#idleBytes += block.bytes;
    if (this.#idleBytes > Math.max(idleFloor, this.#peakBytes)) this.#trim(this.#idleBytes / 2);
  }

  /** Gives idle blocks back until at most `keep` bytes of them are left. */
  #trim(keep: number): void {
    for (const [bytes, blocks] of this.#idle) {
      while (blocks.length > 0 && this.#idleBytes > keep) {
        const block = blocks.shift()!;
        this.#idleBytes -= bytes;
        this.#reserved -= bytes;
        this.#onDestroy(block);
      }
      if (blocks.length === 0) this.#idle.delete(bytes);
      if (this.#idleBytes <= keep) return;
    }
  }

  #take(bytes: number, where: string): Block {
    const same = this.#idle.get(bytes);
    const block = same?.pop();
    if (same && block) {
      this.#idle.delete(bytes);
      if (same.length > 0) this.#idle.set(bytes, same);
      this.#idleBytes -= bytes;
      return block;
    }
    if (bytes > this.#limits.single) {
      throw new OutOfMemoryError(
        `webgpu: ${where}: expected a buffer of at most ${this.#limits.single} bytes, which is what this GPU binds, got ${bytes}. Use a smaller batch.`,
      );
    }
    if (this.#reserved + bytes > this.#limits.total)
      this.#trim(Math.max(0, this.#limits.total - bytes - (this.#reserved - this.#idleBytes)));
    if (this.#reserved + bytes > this.#limits.total) {
      throw new OutOfMemoryError(
        `webgpu: ${where}: expected ${bytes} more bytes below the limit of ${this.#limits.total}, got ${this.#reserved} in use. Use a smaller batch, or raise maxMemory.`,
      );
    }
    this.#gpu.pushErrorScope("out-of-memory");
    const gpu = this.#gpu.createBuffer({ size: bytes, usage });
    this.checks.push(this.#gpu.popErrorScope());
    this.#reserved += bytes;
    return { gpu, bytes, id: this.#blocks++, submission: -1, tenants: 0, constant: false };
  }
}
