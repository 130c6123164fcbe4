/** State that outlives a step: parameters, moments, running statistics, caches. */

import type { BackendDevice } from "./backend.ts";
import { type DType, isFloat } from "./dtype.ts";
import { DtypeError, ScopeError, ShapeError, UnsupportedError } from "./errors.ts";
import type { HostTensor } from "./host-tensor.ts";
import { interceptsWrite, leafOf, noteRead } from "./recording.ts";
import { currentDevice } from "./scope.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "./shape.ts";
import { Storage } from "./storage.ts";
import { Tensor } from "./tensor.ts";

/**
 * A value with an owner. Born on the host, it moves to a device the first time it is used there, and is freed by its owner.
 *
 * @example
 * using total = new Cell(hostTensor(Float32Array.of(0), []));
 * await device.compute(() => total.set(total.value.add(1)));
 */
export class Cell implements Disposable {
  readonly shape: Shape;
  readonly dtype: "float32" | "int32" | "bool";
  #host: HostTensor | null;
  #storage: Storage | null = null;
  #disposed = false;

  /** @param initial  Not copied until a device needs it: leave it as it is. */
  constructor(initial: HostTensor) {
    checkLength("Cell", initial);
    this.shape = initial.shape;
    this.dtype = cellDType(initial.dtype);
    this.#host = initial;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** The present value, inside `compute`. It stays as it is when the cell changes later. */
  get value(): Tensor {
    const leaf = leafOf(this);
    if (leaf) return leaf;
    const value = this.freshValue();
    noteRead(this, value.storage);
    return value;
  }

  /** @internal A tensor of its own over the present value, never a leaf. */
  freshValue(): Tensor {
    const device = currentDevice("Cell.value");
    return new Tensor(this.#on(device).retain(), { shape: this.shape, dtype: deviceDType(this.dtype, device) });
  }

  /**
   * Replaces the value, inside `compute`; shape and dtype stay.
   *
   * @throws ShapeError, DtypeError when they would not.
   * @throws ScopeError while a gradient by this cell is recorded.
   */
  set(value: Tensor): void {
    if (!sameShape(value.shape, this.shape)) {
      throw new ShapeError(`Cell.set: expected shape ${formatShape(this.shape)}, got ${formatShape(value.shape)}.`);
    }
    if (value.dtype !== deviceDType(this.dtype, value.device)) {
      throw new DtypeError(`Cell.set: expected dtype ${this.dtype}, got ${value.dtype}. Convert it with .cast("${this.dtype}").`);
    }
    this.#alive();
    if (interceptsWrite(this, value)) return;
    const storage = value.storage.retain();
    this.#storage?.releaseIfOpen();
    this.#storage = storage;
    this.#host = null;
  }

  /** Replaces the value by host data, anywhere. The data is not copied until a device needs it: leave it as it is. */
  load(value: HostTensor): void {
    if (!sameShape(value.shape, this.shape)) {
      throw new ShapeError(`Cell.load: expected shape ${formatShape(this.shape)}, got ${formatShape(value.shape)}.`);
    }
    if (cellDType(value.dtype) !== this.dtype) {
      throw new DtypeError(`Cell.load: expected ${this.dtype}, got ${value.dtype}. Convert the data first.`);
    }
    checkLength("Cell.load", value);
    this.#alive();
    interceptsWrite(this, null);
    this.#storage?.releaseIfOpen();
    this.#storage = null;
    this.#host = value;
  }

  /** @internal The value as long as no device has it. */
  get hostValue(): HostTensor | null {
    return this.#host;
  }

  /** The value as host data, outside `compute`. */
  async read(): Promise<HostTensor> {
    this.#alive();
    if (this.#host) return this.#host;
    const storage = this.#storage!.retain();
    try {
      const dtype = deviceDType(this.dtype, storage.device);
      return { shape: this.shape, dtype, data: await storage.device.read(storage.buffer, dtype, this.size) };
    } finally {
      storage.release();
    }
  }

  /** @internal The storage, on the current device and shared with nobody: fit to be written in place. */
  writable(): Storage {
    interceptsWrite(this, null);
    const device = currentDevice("Cell");
    const storage = this.#on(device);
    if (!storage.shared) return storage;
    const operand = { buffer: storage.buffer, shape: this.shape, dtype: deviceDType(this.dtype, device) };
    const copy = new Storage(device, device.kernels.broadcast(operand, this.shape));
    storage.release();
    this.#storage = copy;
    return copy;
  }

  [Symbol.dispose](): void {
    this.#storage?.releaseIfOpen();
    this.#storage = null;
    this.#host = null;
    this.#disposed = true;
  }

  #alive(): void {
    if (this.#disposed) {
      throw new ScopeError(
        `Cell ${formatShape(this.shape)}: it was used after its owner was disposed. Keep the model or optimizer in scope. A block that declares it with \`using\` awaits its work: \`return await fit(…)\`.`,
      );
    }
  }

  #on(device: BackendDevice): Storage {
    this.#alive();
    if (this.#storage && this.#storage.device !== device) {
      const { device: elsewhere, buffer } = this.#storage;
      if (!elsewhere.readSync) {
        throw new UnsupportedError(
          `Cell ${formatShape(this.shape)}: its value lives on ${elsewhere.name}, and the current device is ${device.name}. Move it first: cell.load(await cell.read()), or a whole model with moveToHost of @dl/nn.`,
        );
      }
      const dtype = deviceDType(this.dtype, elsewhere);
      const host: HostTensor = { shape: this.shape, dtype, data: elsewhere.readSync(buffer, dtype, this.size) };
      this.#storage.release();
      this.#storage = null;
      this.#host = host;
    }
    if (!this.#storage) {
      this.#storage = new Storage(device, device.upload(this.#host!.data, deviceDType(this.dtype, device)));
      this.#host = null;
    }
    return this.#storage;
  }
}

function cellDType(dtype: DType): "float32" | "int32" | "bool" {
  return dtype === "int32" || dtype === "bool" ? dtype : "float32";
}

function checkLength(where: string, { shape, data }: HostTensor): void {
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(`${where}: expected ${sizeOf(shape)} elements for shape ${formatShape(shape)}, got ${data.length}.`);
  }
}

/** `dtype` as `device` holds it: floats take the device's precision. */
export function deviceDType(dtype: DType, device: BackendDevice): DType {
  return isFloat(dtype) ? device.capabilities.float : dtype;
}
