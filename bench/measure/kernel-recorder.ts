/** A device that remembers what it was asked to do, so that it can be asked again by nobody: the cost of kernels alone. */

import type { BackendDevice, DType, FusedKernels, Kernels, Operand, TypedArray } from "@dl/core";

/** One call, with its operands resolved anew at each replay. */
type Call = (slots: unknown[]) => void;

export interface Replay<T> {
  /** What the recorded work returned. */
  readonly result: T;
  /** Calls everything again, in order; gives the values of the last read. */
  readonly run: () => TypedArray | undefined;
}

type Kernel = (...inputs: unknown[]) => unknown;

/** Passes everything on to `backend`; buffers made while recording are slots, all others stay what they are. */
export class KernelRecorder implements BackendDevice {
  readonly name: string;
  readonly capabilities: BackendDevice["capabilities"];
  readonly kernels: Kernels<unknown>;
  readonly fused: Partial<FusedKernels<unknown>>;
  readonly #backend: BackendDevice;
  readonly #slots = new Map<unknown, number>();
  #calls: Call[] | null = null;
  #slotCount = 0;

  constructor(backend: BackendDevice) {
    this.#backend = backend;
    this.name = backend.name;
    this.capabilities = backend.capabilities;
    this.kernels = this.#recording(backend.kernels as unknown as Record<string, Kernel>) as unknown as Kernels<unknown>;
    this.fused = this.#recording(backend.fused as Record<string, Kernel>) as Partial<FusedKernels<unknown>>;
  }

  /** Does `work` once, remembering its calls. */
  async record<T>(work: () => Promise<T>): Promise<Replay<T>> {
    const calls: Call[] = [];
    this.#slots.clear();
    this.#slotCount = 0;
    this.#calls = calls;
    const result = await work().finally(() => {
      this.#calls = null;
    });
    const slots = new Array<unknown>(this.#slotCount + 1);
    const run = (): TypedArray | undefined => {
      for (const call of calls) call(slots);
      return slots[0] as TypedArray | undefined;
    };
    return { result, run };
  }

  upload(data: TypedArray, dtype: DType): unknown {
    const buffer = this.#backend.upload(data, dtype);
    const slot = this.#made(buffer);
    this.#calls?.push((slots) => {
      slots[slot] = this.#backend.upload(data, dtype);
    });
    return buffer;
  }

  async read(buffer: unknown, dtype: DType, length: number): Promise<TypedArray> {
    return this.readSync(buffer, dtype, length);
  }

  readSync(buffer: unknown, dtype: DType, length: number): TypedArray {
    const slot = this.#slots.get(buffer);
    this.#calls?.push((slots) => {
      slots[0] = this.#backend.readSync!(slot === undefined ? buffer : slots[slot], dtype, length);
    });
    return this.#backend.readSync!(buffer, dtype, length);
  }

  free(buffer: unknown): void {
    if (this.#calls) {
      const slot = this.#slots.get(buffer);
      if (slot === undefined) throw new Error("KernelRecorder: expected a step that frees only what it made, got one that replaces state.");
      this.#calls.push((slots) => this.#backend.free(slots[slot]));
      this.#slots.delete(buffer);
    }
    this.#backend.free(buffer);
  }

  memory(): ReturnType<BackendDevice["memory"]> {
    return this.#backend.memory();
  }

  async close(): Promise<void> {}

  #made(buffer: unknown): number {
    if (!this.#calls) return 0;
    // Slot 0 holds what was read last.
    this.#slots.set(buffer, ++this.#slotCount);
    return this.#slotCount;
  }

  #recording(kernels: Record<string, Kernel>): Record<string, Kernel> {
    const wrapped = ([name, kernel]: [string, Kernel]): [string, Kernel] => {
      const bound = kernel.bind(kernels);
      return [name, (...inputs) => this.#call(bound, inputs)];
    };
    return Object.fromEntries(Object.entries(kernels).map(wrapped));
  }

  #call(kernel: Kernel, inputs: readonly unknown[]): unknown {
    if (!this.#calls) return kernel(...inputs);
    const patches: { operand: { buffer: unknown }; slot: number }[] = [];
    const fixed = inputs.map((input) => this.#fix(input, patches));
    const result = kernel(...inputs);
    const store = this.#store(result);
    this.#calls.push((slots) => {
      for (const { operand, slot } of patches) operand.buffer = slots[slot];
      store(kernel(...fixed), slots);
    });
    return result;
  }

  /** A copy of an argument whose operands are plain objects; `patches` collects those to be filled in. */
  #fix(input: unknown, patches: { operand: { buffer: unknown }; slot: number }[]): unknown {
    if (typeof input !== "object" || input === null || ArrayBuffer.isView(input)) return input;
    if (Array.isArray(input)) return input.map((item) => this.#fix(item, patches));
    if (isOperand(input)) {
      const operand = { buffer: input.buffer, shape: input.shape, dtype: input.dtype };
      const slot = this.#slots.get(input.buffer);
      if (slot !== undefined) patches.push({ operand, slot });
      return operand;
    }
    return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, this.#fix(value, patches)]));
  }

  /** Where a kernel's results go: one buffer, or several by name. */
  #store(result: unknown): (result: unknown, slots: unknown[]) => void {
    if (result === undefined) return () => {};
    if (typeof result !== "object" || ArrayBuffer.isView(result)) {
      const slot = this.#made(result);
      return (again, slots) => {
        slots[slot] = again;
      };
    }
    const places = Object.entries(result as Record<string, unknown>).map(([key, buffer]) => [key, this.#made(buffer)] as const);
    return (again, slots) => {
      for (const [key, slot] of places) slots[slot] = (again as Record<string, unknown>)[key];
    };
  }
}

function isOperand(input: object): input is Operand<unknown> {
  return "buffer" in input && "shape" in input && "dtype" in input;
}
