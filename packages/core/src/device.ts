/** The device: opened once, where work starts. `compute` is the only way in and out. */

import type { Backend, BackendDevice, Capabilities, KernelEvent, MemoryUse } from "./backend.ts";
import { OptionError, ScopeError, UnsupportedError } from "./errors.ts";
import type { HostTensor } from "./host-tensor.ts";
import { type Profile, summarize, timeKernels } from "./profile.ts";
import { isPlainObject, withScope } from "./scope.ts";
import { markClosed } from "./storage.ts";
import { type Scalar, Tensor } from "./tensor.ts";

/** What `T` is once it has left the device: scalars are numbers, tensors are host tensors, the rest stays. */
export type HostOf<T> = T extends Scalar
  ? number
  : T extends Tensor
    ? HostTensor
    : T extends HostTensor
      ? T
      : T extends ReadonlyMap<infer K, infer V>
        ? ReadonlyMap<K, HostOf<V>>
        : T extends object
          ? { [K in keyof T]: HostOf<T[K]> }
          : T;

/** Makes an asynchronous callback a type error. */
type Synchronous<T> = T extends PromiseLike<unknown> ? never : T;

/** Why a candidate of `openDevice` was not taken. */
export interface SkippedBackend {
  readonly backend: string;
  readonly reason: string;
}

/** A device that has started. */
export class Device implements AsyncDisposable {
  /** The candidates tried before this one. */
  readonly skipped: readonly SkippedBackend[];
  readonly #backend: BackendDevice;

  /** Use `openDevice`. */
  constructor(backend: BackendDevice, skipped: readonly SkippedBackend[] = []) {
    this.#backend = backend;
    this.skipped = skipped;
  }

  /** Such as `wasm (SIMD, 2 threads)`. */
  get name(): string {
    return this.#backend.name;
  }

  get capabilities(): Capabilities {
    return this.#backend.capabilities;
  }

  /**
   * Runs `work` on this device and resolves with what it returned, as plain data. Every other tensor made inside is freed.
   *
   * A tensor of shape `[]` comes out as a number, any other as a `HostTensor`; arrays and plain objects keep their form.
   *
   * @throws ScopeError when `work` is asynchronous.
   * @example
   * const total = await device.compute(() => tensor([1, 2, 3]).sum()); // 6
   */
  async compute<T>(work: () => Synchronous<T>): Promise<HostOf<T>> {
    return (await this.#run(work, (tensor) => this.#read(tensor))) as HostOf<T>;
  }

  /** The same at once, for devices that can read at once: for tiny networks, where a promise costs more than the work. */
  computeSync<T>(work: () => Synchronous<T>): HostOf<T> {
    const { readSync } = this.#backend;
    if (!readSync) {
      throw new UnsupportedError(`computeSync: expected a device that reads synchronously, got ${this.name}. Await compute instead.`);
    }
    return this.#run(work, (tensor) => toHost(tensor, readSync.call(this.#backend, tensor.buffer, tensor.dtype, tensor.size))) as HostOf<T>;
  }

  /**
   * `compute`, with an account of every kernel that ran: its time on the device, its bytes. Profiled work is slower than other work.
   *
   * @throws UnsupportedError when the device cannot time its kernels.
   * @example
   * const { kernels } = await device.profile(() => tensor([1, 2, 3]).exp().sum());
   * console.log(kernels[0]!.name, kernels[0]!.milliseconds);
   */
  async profile<T>(work: () => Synchronous<T>): Promise<Profile<HostOf<T>>> {
    const recording = this.#backend.startProfile?.() ?? timeKernels(this.#backend);
    const start = performance.now();
    let result: HostOf<T>;
    let events: KernelEvent[];
    try {
      result = await this.compute(work);
    } finally {
      events = await recording.stop();
    }
    const milliseconds = performance.now() - start;
    const first = events[0]?.start ?? 0;
    return { result, kernels: summarize(events), events: events.map((event) => ({ ...event, start: event.start - first })), milliseconds };
  }

  memory(): MemoryUse {
    return this.#backend.memory();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    markClosed(this.#backend);
    await this.#backend.close();
  }

  #run<T>(work: () => T, read: (tensor: Tensor) => unknown): unknown {
    return withScope({ label: "compute", device: this.#backend }, work, (result) => mapTensors(result, read));
  }

  /** Starts a read-back; the buffer lives until it is done. */
  #read(tensor: Tensor): unknown {
    const { readSync } = this.#backend;
    if (readSync) return toHost(tensor, readSync.call(this.#backend, tensor.buffer, tensor.dtype, tensor.size));
    const storage = tensor.storage.retain();
    return this.#backend
      .read(storage.buffer, tensor.dtype, tensor.size)
      .then((data) => toHost(tensor, data))
      .finally(() => storage.release());
  }
}

function toHost({ shape, dtype }: Tensor, data: HostTensor["data"]): HostTensor | number {
  return shape.length === 0 ? data[0]! : { shape, dtype, data };
}

/** A copy of the tree with every tensor read; a promise when any read is one. */
function mapTensors(tree: unknown, read: (tensor: Tensor) => unknown): unknown {
  if (tree instanceof Tensor) return read(tree);
  if (Array.isArray(tree)) {
    const items = tree.map((item) => mapTensors(item, read));
    return items.some((item) => item instanceof Promise) ? Promise.all(items) : items;
  }
  if (tree instanceof Map) {
    const values = mapTensors([...tree.values()], read);
    const rebuild = (read: unknown[]) => new Map([...tree.keys()].map((key, i) => [key, read[i]]));
    return values instanceof Promise ? values.then(rebuild) : rebuild(values as unknown[]);
  }
  if (isPlainObject(tree)) {
    const values = mapTensors(Object.values(tree), read);
    const rebuild = (read: unknown[]) => Object.fromEntries(Object.keys(tree).map((key, i) => [key, read[i]]));
    return values instanceof Promise ? values.then(rebuild) : rebuild(values as unknown[]);
  }
  if (holdsTensor(tree)) {
    throw new ScopeError(
      `compute: expected tensors in arrays, maps and plain objects, got one in a ${tree.constructor.name}. Return its fields: ({ ...it }).`,
    );
  }
  return tree;
}

/** A set or a class instance that would carry a tensor out, dead. */
function holdsTensor(value: unknown): value is object {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  return (value instanceof Set ? [...value] : Object.values(value)).some((item) => item instanceof Tensor);
}

/**
 * Opens the first backend that starts.
 *
 * @throws UnsupportedError when none does, with the reason of each.
 * @example
 * await using device = await openDevice(wasm(), cpu());
 */
export async function openDevice(...candidates: readonly [Backend, ...Backend[]]): Promise<Device> {
  const skipped: SkippedBackend[] = [];
  for (const backend of candidates) {
    if (typeof backend?.open !== "function") {
      const got = typeof backend === "function" ? "a function: call it" : typeof backend;
      throw new OptionError(`openDevice: expected backends such as wasm(), got ${got}.`);
    }
    try {
      return new Device(await backend.open(), skipped);
    } catch (error) {
      skipped.push({ backend: backend.name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  const reasons = skipped.map(({ backend, reason }) => `\n  ${backend}: ${reason}`).join("");
  throw new UnsupportedError(`openDevice: expected one of ${candidates.length} backends to start, got none:${reasons}`);
}
