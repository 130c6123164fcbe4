/** Records launches, submits them in batches, and turns what the GPU reports into exceptions. */

import { DlError, OutOfMemoryError } from "@dl/core";
import { type Block, type DeviceBuffer, Memory, type MemoryLimits } from "./memory.ts";
import { joins, merge } from "./merge.ts";
import { flatGroup, type Launch, writeParameters } from "./program.ts";
import { Programs } from "./programs.ts";

/** What a kernel may know of the GPU. */
export interface Traits {
  /**
   * Invocations of a workgroup work on a row together, through shared memory. Software adapters pay for every barrier,
   * and give each row to one invocation instead.
   */
  readonly cooperative: boolean;
  /** Rows of a tile of a product that one invocation computes; a multiple of 4. */
  readonly tileRows: number;
  /** Launches that become one at most; 1 merges none. */
  readonly mostParts: number;
  /** Bindings of storage buffers a shader may have. */
  readonly maxBuffers: number;
}

/** Bytes of all parameters of one submission, and of one launch. */
const ringBytes = 256 * 1024;
const slotBytes = 512;
/** Launches before a submission: the GPU starts before the step is recorded to its end. */
const batch = 96;
const mostGroups = 65535;
const mostConstants = 512;
/** Bytes of a buffer to read through that is worth keeping: weights, which are large, are read when a checkpoint is written. */
const mostKept = 2 ** 20;

// The numbers of GPUBufferUsage and GPUMapMode, which Node has no globals for.
const uniformUsage = 0x40 | 0x08;
const readUsage = 0x01 | 0x08;
const mapRead = 1;

/** Sees every launch while a profile is taken. */
export interface LaunchObserver {
  launched(launch: Launch, index: number): GPUComputePassTimestampWrites | undefined;
}

export class Runner {
  readonly gpu: GPUDevice;
  readonly memory: Memory;
  readonly traits: Traits;
  /** Dispatches since the device was opened. */
  dispatches = 0;
  observer: LaunchObserver | undefined;
  readonly #programs: Programs;
  readonly #ring: GPUBuffer;
  readonly #words = new Int32Array(ringBytes / 4);
  readonly #parameters: GPUBindGroup;
  readonly #constants = new Map<number, Block>();
  readonly #staging = new Map<number, GPUBuffer[]>();
  readonly #doomed: Block[] = [];
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #submission = 0;
  #pending = 0;
  #ringUsed = 0;
  #deferred: (() => void) | undefined;
  /** Launches that may become one. */
  readonly #waiting: Launch[] = [];
  #failure: DlError | undefined;
  #closed = false;

  constructor(gpu: GPUDevice, { limits, traits }: { limits: MemoryLimits; traits: Traits }) {
    this.gpu = gpu;
    this.traits = traits;
    this.memory = new Memory(gpu, { limits, onDestroy: (block) => this.#doom(block) });
    this.#ring = gpu.createBuffer({ size: ringBytes, usage: uniformUsage });
    this.#programs = new Programs(gpu, this.memory.checks);
    this.#parameters = gpu.createBindGroup({
      layout: this.#programs.parameterLayout,
      entries: [{ binding: 0, resource: { buffer: this.#ring, offset: 0, size: slotBytes } }],
    });
    gpu.addEventListener("uncapturederror", (event) => this.#fail((event as GPUUncapturedErrorEvent).error));
    void gpu.lost.then(({ reason, message }) => {
      if (this.#closed) return;
      this.#failure = new DlError(
        `webgpu: the device was lost (${reason}): ${message || "no reason given"}. What lay on it is gone: open another device and resume from the last checkpoint.`,
      );
    });
  }

  /** Puts work off until something else is asked of the device: updates of many parameters become one launch. */
  defer(work: () => void): void {
    this.#deferred = work;
  }

  /** A new buffer of `words` numbers. */
  allocate(words: number, where: string): DeviceBuffer {
    return this.memory.allocate(words * 4, where);
  }

  /** A buffer of one number, which nothing has to compute: scalars in formulas are met again every step. */
  constant(word: number): DeviceBuffer {
    let block = this.#constants.get(word);
    if (!block) {
      block = this.memory.makeConstant((buffer) => this.write(buffer, Int32Array.of(word)));
      // Numbers that change every step would fill the GPU with blocks of one: the oldest makes room.
      const [oldest] = this.#constants;
      if (oldest && this.#constants.size >= mostConstants) {
        this.#constants.delete(oldest[0]);
        this.memory.forget(oldest[1]);
      }
      this.#constants.set(word, block);
    }
    return this.memory.lend(block);
  }

  /** Records a launch. Nothing runs before `flush`; nobody can tell. */
  run(launch: Launch): void {
    if (launch.threads === 0 || launch.groups?.includes(0)) return;
    this.#catchUp();
    this.#alive();
    if (this.#waiting.length > 0 && joins(this.#waiting, launch, this.traits)) {
      this.#waiting.push(launch);
      return;
    }
    this.#emitWaiting();
    if (launch.pointwise) this.#waiting.push(launch);
    else this.#emit(launch);
  }

  #emitWaiting(): void {
    if (this.#waiting.length > 0) this.#emit(merge(this.#waiting.splice(0)));
  }

  #emit(launch: Launch): void {
    const groups = launch.groups ?? flatGroups(launch.threads!);
    const program = this.#programs.get(launch);
    const words = this.#words;
    const start = this.#ringUsed;
    const count = writeParameters(launch, words, start / 4);
    if (count * 4 > slotBytes) throw new DlError(`webgpu: ${launch.name}: expected at most ${slotBytes / 4} parameters, got ${count}.`);
    this.#ringUsed += Math.ceil(Math.max(count, 1) / 64) * 256;
    for (const { buffer } of launch.reads) buffer.block.submission = this.#submission;
    for (const { buffer } of launch.writes) buffer.block.submission = this.#submission;
    this.dispatches++;
    const timestampWrites = this.observer?.launched(launch, this.dispatches);
    if (timestampWrites) this.#endPass();
    const pass = this.#openPass(timestampWrites);
    pass.setPipeline(program.pipeline);
    pass.setBindGroup(0, this.#parameters, [start]);
    pass.setBindGroup(1, this.#programs.bind(program, launch));
    pass.dispatchWorkgroups(groups[0], groups[1], groups[2]);
    if (timestampWrites) this.#endPass();
    if (++this.#pending >= batch || this.#ringUsed + slotBytes * 2 > ringBytes) this.flush();
  }

  /** Sends to the GPU what was recorded. */
  flush(): void {
    this.#settle();
    if (this.#ringUsed > 0) this.gpu.queue.writeBuffer(this.#ring, 0, this.#words, 0, this.#ringUsed / 4);
    if (this.#encoder) {
      this.#endPass();
      this.gpu.queue.submit([this.#encoder.finish()]);
      this.#encoder = undefined;
    }
    this.#ringUsed = 0;
    this.#pending = 0;
    this.#submission++;
    for (const { gpu } of this.#doomed.splice(0)) gpu.destroy();
  }

  /** Copies words of the host into a buffer. */
  write(buffer: DeviceBuffer, words: Int32Array | Uint32Array | Float32Array): void {
    this.#settle();
    this.#alive();
    // The queue writes at once; commands recorded before still mean what the block held then.
    if (buffer.block.submission === this.#submission) this.flush();
    if (words.length > 0) this.gpu.queue.writeBuffer(buffer.block.gpu, buffer.offset, words as Int32Array<ArrayBuffer>);
  }

  /** Copies words of one buffer into another, on the GPU. */
  copy(from: DeviceBuffer, to: DeviceBuffer, words: number): void {
    if (words === 0) return;
    this.#settle();
    this.#alive();
    this.#endPass();
    this.#encoder ??= this.gpu.createCommandEncoder();
    this.#encoder.copyBufferToBuffer(from.block.gpu, from.offset, to.block.gpu, to.offset, words * 4);
    from.block.submission = to.block.submission = this.#submission;
  }

  /** Copies words of a buffer to the host. Rejects with whatever went wrong before: no garbage leaves the device. */
  async read(buffer: DeviceBuffer, words: number): Promise<ArrayBuffer> {
    this.#settle();
    if (this.#failure) await this.#settled();
    this.#alive();
    const bytes = stagingBytes(words * 4);
    const idle = this.#staging.get(bytes);
    const staging = idle?.pop() ?? this.gpu.createBuffer({ size: bytes, usage: readUsage });
    if (words > 0) {
      this.#endPass();
      this.#encoder ??= this.gpu.createCommandEncoder();
      this.#encoder.copyBufferToBuffer(buffer.block.gpu, buffer.offset, staging, 0, words * 4);
    }
    this.flush();
    try {
      await staging.mapAsync(mapRead, 0, bytes);
    } catch (error) {
      await this.#settled();
      throw (
        this.#failure ??
        new DlError(`webgpu: expected to read a buffer back, got: ${error instanceof Error ? error.message : String(error)}`)
      );
    }
    const copy = staging.getMappedRange(0, bytes).slice(0, words * 4);
    staging.unmap();
    await this.#settled();
    if (bytes > mostKept) staging.destroy();
    else if (idle) idle.push(staging);
    else this.#staging.set(bytes, [staging]);
    this.#alive();
    return copy;
  }

  /** The first `count` results of a query set, which were asked for in commands recorded before. */
  async readQueries(set: GPUQuerySet, { count, usage }: { count: number; usage: number }): Promise<BigUint64Array> {
    const resolved = this.gpu.createBuffer({ size: count * 8, usage });
    const staging = this.gpu.createBuffer({ size: count * 8, usage: readUsage });
    this.#endPass();
    this.#encoder ??= this.gpu.createCommandEncoder();
    this.#encoder.resolveQuerySet(set, 0, count, resolved, 0);
    this.#encoder.copyBufferToBuffer(resolved, 0, staging, 0, count * 8);
    this.flush();
    await staging.mapAsync(mapRead);
    const times = new BigUint64Array(staging.getMappedRange().slice(0));
    resolved.destroy();
    staging.destroy();
    return times;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.gpu.destroy();
  }

  /** Waits for the verdicts on allocations and pipelines made so far. */
  async #settled(): Promise<void> {
    const { checks } = this.memory;
    if (checks.length === 0) return;
    const errors = (await Promise.all(checks.splice(0))).filter((error) => error !== null);
    if (errors.length === 0) return;
    // What went wrong first; what was reported since may only be its consequence.
    this.#failure = undefined;
    this.#fail(errors[0]!);
  }

  #fail(error: GPUError): void {
    if (this.#failure) return;
    const memory = error.constructor.name === "GPUOutOfMemoryError";
    const text = `webgpu: the GPU reported ${memory ? "that its memory is full" : "an error"}: ${error.message}`;
    this.#failure = memory ? new OutOfMemoryError(text) : new DlError(text);
  }

  #catchUp(): void {
    const work = this.#deferred;
    this.#deferred = undefined;
    work?.();
  }

  /** Nothing is put off any more. */
  #settle(): void {
    this.#catchUp();
    this.#emitWaiting();
  }

  #alive(): void {
    if (this.#failure) throw this.#failure;
    if (this.#closed) throw new DlError("webgpu: expected an open device, got a closed one.");
  }

  #openPass(timestampWrites: GPUComputePassTimestampWrites | undefined): GPUComputePassEncoder {
    this.#encoder ??= this.gpu.createCommandEncoder();
    this.#pass ??= this.#encoder.beginComputePass(timestampWrites ? { timestampWrites } : undefined);
    return this.#pass;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }

  /** Destroys a block once the commands that use it are submitted. */
  #doom(block: Block): void {
    this.#settle();
    this.#programs.forget(block);
    if (block.submission === this.#submission) this.#doomed.push(block);
    else block.gpu.destroy();
  }
}

/** Bytes of the buffer that `bytes` are read through: a power of two where it is kept, else no more than needed, for there may not be more. */
function stagingBytes(bytes: number): number {
  return bytes <= mostKept ? Math.max(256, 2 ** Math.ceil(Math.log2(Math.max(bytes, 1)))) : Math.ceil(bytes / 256) * 256;
}

/** Workgroups of 64 for so many invocations, in two dimensions where one does not reach. */
function flatGroups(threads: number): [number, number, number] {
  const groups = Math.ceil(threads / flatGroup);
  if (groups <= mostGroups) return [groups, groups === 0 ? 0 : 1, 1];
  const rows = Math.ceil(groups / mostGroups);
  return [Math.ceil(groups / rows), rows, 1];
}
