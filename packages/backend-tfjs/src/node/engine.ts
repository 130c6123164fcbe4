/** Runs TensorFlow operations by name and counts what they make. Everything the device does goes through here. */

import {
  bytesPerElement,
  DlError,
  type DType,
  type MemoryUse,
  type Operand,
  OutOfMemoryError,
  ScopeError,
  sizeOf,
  type TypedArray,
} from "@dl/core";
import type { Addon, Attribute, Output } from "./addon.ts";
import type { AttributeName } from "./attribute-names.ts";
import { TensorBuffer } from "./buffer.ts";
import { Constants } from "./constants.ts";

export type TensorOperand = Operand<TensorBuffer>;

const none: readonly Attribute[] = [];

export class Engine {
  readonly addon: Addon;
  readonly constants: Constants;
  /** TensorFlow computes on a GPU: some kernels have other forms there. */
  readonly gpu: boolean;
  /** Operations run so far. */
  launches = 0;
  readonly #live = new Set<TensorBuffer>();
  #bytes = 0;
  #peakBytes = 0;
  #closed = false;
  /** Tensors that the running kernel made on its way; undefined while none collects them. */
  #steps: number[] | undefined;

  constructor(addon: Addon) {
    this.addon = addon;
    this.constants = new Constants(addon);
    this.gpu = addon.isUsingGpuDevice();
  }

  /** Runs one operation with one result. */
  run(operation: string, inputs: readonly number[], attributes: readonly Attribute[] = none): Output {
    return this.runAll(operation, inputs, { attributes, outputs: 1 })[0]!;
  }

  /** The same for use inside a kernel: the number of the result. */
  step(operation: string, inputs: readonly number[], attributes: readonly Attribute[] = none): number {
    return this.runAll(operation, inputs, { attributes, outputs: 1 })[0]!.id;
  }

  runAll(
    operation: string,
    inputs: readonly number[],
    { attributes = none, outputs }: { attributes?: readonly Attribute[]; outputs: number },
  ): readonly Output[] {
    if (this.#closed) throw new ScopeError("tensorflow: expected an open device, got one that was closed. Open a new one.");
    this.launches++;
    let results: readonly Output[];
    try {
      results = this.addon.executeOp(operation, attributes, inputs, outputs);
    } catch (error) {
      throw refusal(operation, error);
    }
    const steps = this.#steps;
    if (steps !== undefined) for (const { id } of results) steps.push(id);
    return results;
  }

  /** Runs a kernel of several operations and deletes what it made, except its results. */
  compose<T extends Output | readonly Output[]>(work: () => T): T {
    const outer = this.#steps;
    const steps: number[] = [];
    this.#steps = steps;
    let results: readonly Output[] = [];
    try {
      const result = work();
      results = Array.isArray(result) ? (result as readonly Output[]) : [result as Output];
      return result;
    } finally {
      this.#steps = outer;
      for (const id of steps) if (!results.some((output) => output.id === id)) this.addon.deleteTensor(id);
      if (outer !== undefined) for (const { id } of results) outer.push(id);
    }
  }

  /** Deletes a result that no longer is of use, before the kernel ends. */
  release(id: number): void {
    const at = this.#steps?.lastIndexOf(id) ?? -1;
    if (at >= 0) this.#steps!.splice(at, 1);
    this.addon.deleteTensor(id);
  }

  /** A counted buffer over what an operation made. */
  buffer({ id, shape }: Output, dtype: DType): TensorBuffer {
    return this.#count(new TensorBuffer(id, { shape, dtype, bytes: sizeOf(shape) * bytesPerElement[dtype] }));
  }

  /** A buffer whose elements are worked out when somebody asks for them; `kept` tensors live as long as it does. */
  deferred(
    recipe: () => number,
    form: { shape: readonly number[]; dtype: DType; kept: readonly number[]; keptBytes: number },
  ): TensorBuffer {
    const { shape, dtype, kept, keptBytes } = form;
    const buffer = new TensorBuffer(-1, { shape, dtype, bytes: sizeOf(shape) * bytesPerElement[dtype] + keptBytes });
    buffer.recipe = recipe;
    buffer.kept = kept;
    return this.#count(buffer);
  }

  /** The tensor of a buffer, under whichever shape it has. */
  tensor(buffer: TensorBuffer): number {
    if (buffer.id >= 0) return buffer.id;
    const outer = this.#steps;
    this.#steps = undefined;
    try {
      buffer.id =
        buffer.variable >= 0 ? this.step("ReadVariableOp", [buffer.variable], [this.type("dtype", buffer.dtype)]) : buffer.recipe!();
    } finally {
      this.#steps = outer;
    }
    return buffer.id;
  }

  /** The tensor of an operand, under `shape`: its own by default. Elements are shared. */
  id({ buffer, shape: own }: TensorOperand, shape: readonly number[] = own): number {
    const id = this.tensor(buffer);
    if (alike(buffer.shape, shape)) return id;
    const views = (buffer.views ??= []);
    for (const view of views) if (alike(view.shape, shape)) return view.id;
    const outer = this.#steps;
    this.#steps = undefined;
    try {
      const view = this.step("Reshape", [id, this.constants.ints(shape)]);
      views.push({ shape, id: view });
      return view;
    } finally {
      this.#steps = outer;
    }
  }

  upload(data: TypedArray, dtype: DType): TensorBuffer {
    if (this.#closed) throw new ScopeError("tensorflow: expected an open device, got one that was closed. Open a new one.");
    // The addon may share the array's memory: it gets a copy of its own.
    const copy = dtype === "int32" ? Int32Array.from(data) : dtype === "bool" ? Uint8Array.from(data) : Float32Array.from(data);
    const id = this.addon.createTensor([data.length], this.code(dtype), copy);
    return this.#count(new TensorBuffer(id, { shape: [data.length], dtype, bytes: data.length * bytesPerElement[dtype] }));
  }

  read(buffer: TensorBuffer): TypedArray {
    if (!this.#live.has(buffer)) throw new ScopeError("read: expected a buffer in use, got one that was freed. Read it before.");
    return this.addon.tensorDataSync(this.tensor(buffer)) as TypedArray;
  }

  free(buffer: TensorBuffer): void {
    if (!this.#live.delete(buffer)) {
      throw new ScopeError("free: expected a buffer of this device that is in use, got one freed before or made elsewhere. Free it once.");
    }
    this.#bytes -= buffer.bytes;
    this.#drop(buffer);
  }

  /** Lets go of a buffer's tensor and its views, so that its variable is the only owner of the memory. */
  forgetTensor(buffer: TensorBuffer): void {
    if (buffer.id >= 0) this.addon.deleteTensor(buffer.id);
    buffer.id = -1;
    if (buffer.views !== undefined) for (const { id } of buffer.views) this.addon.deleteTensor(id);
    buffer.views = undefined;
  }

  get memory(): MemoryUse {
    return { buffers: this.#live.size, bytes: this.#bytes, peakBytes: this.#peakBytes };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const buffer of this.#live) this.#drop(buffer);
    this.#live.clear();
    this.#bytes = 0;
    this.constants.clear();
  }

  /** TensorFlow's number of a dtype. */
  code(dtype: DType): number {
    return dtype === "int32" ? this.addon.TF_INT32 : dtype === "bool" ? this.addon.TF_BOOL : this.addon.TF_FLOAT;
  }

  type(name: AttributeName, dtype: DType): Attribute {
    return { name, type: this.addon.TF_ATTR_TYPE, value: this.code(dtype) };
  }

  ints(name: AttributeName, value: number | readonly number[]): Attribute {
    return { name, type: this.addon.TF_ATTR_INT, value };
  }

  flag(name: AttributeName, value: boolean): Attribute {
    return { name, type: this.addon.TF_ATTR_BOOL, value };
  }

  text(name: AttributeName, value: string): Attribute {
    return { name, type: this.addon.TF_ATTR_STRING, value };
  }

  number(name: AttributeName, value: number): Attribute {
    return { name, type: this.addon.TF_ATTR_FLOAT, value };
  }

  #count(buffer: TensorBuffer): TensorBuffer {
    this.#live.add(buffer);
    this.#bytes += buffer.bytes;
    if (this.#bytes > this.#peakBytes) this.#peakBytes = this.#bytes;
    return buffer;
  }

  #drop(buffer: TensorBuffer): void {
    this.forgetTensor(buffer);
    if (buffer.variable >= 0) this.addon.deleteTensor(buffer.variable);
    if (buffer.kept !== undefined) for (const id of buffer.kept) this.addon.deleteTensor(id);
  }
}

function alike(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The addon throws `Invalid TF_Status: 8\nMessage: …`; 8 is RESOURCE_EXHAUSTED. */
function refusal(operation: string, error: unknown): DlError {
  const text = error instanceof Error ? error.message : String(error);
  const message = text.replace(/^Invalid TF_Status: \d+\nMessage: /, "");
  if (text.startsWith("Invalid TF_Status: 8\n"))
    return new OutOfMemoryError(`tensorflow: ${operation}: expected memory for its result, got: ${message}`);
  return new DlError(`tensorflow: ${operation}: expected TensorFlow to take it, got: ${message}`);
}
