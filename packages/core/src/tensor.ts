/** The tensor: an immutable value on a device, owned by the scope it was made in. */

import type { BackendDevice, Operand } from "./backend.ts";
import type { DType } from "./dtype.ts";
import { ScopeError } from "./errors.ts";
import * as arithmetic from "./ops/arithmetic.ts";
import { cast } from "./ops/cast.ts";
import * as comparison from "./ops/comparison.ts";
import * as elementwise from "./ops/elementwise.ts";
import { matmul } from "./ops/matmul.ts";
import * as reduce from "./ops/reduce.ts";
import * as reshape from "./ops/reshape.ts";
import { slice } from "./ops/slice.ts";
import { transpose } from "./ops/transpose.ts";
import type { GraphNode } from "./recording.ts";
import { currentScope, type Scope } from "./scope.ts";
import { formatShape, type Shape, sizeOf } from "./shape.ts";
import { Storage } from "./storage.ts";

type Axes = number | readonly number[];

/** What a tensor looks like, wherever it lies. */
export interface TensorForm {
  readonly shape: Shape;
  readonly dtype: DType;
}

/**
 * An n-dimensional array on a device.
 *
 * Made inside `device.compute` (or by operations on other tensors there) and freed when the scope that owns it ends.
 * The methods are the operations most code chains; every operation is also a function.
 */
export class Tensor implements Operand<unknown> {
  readonly shape: Shape;
  readonly dtype: DType;
  /** @internal How to differentiate it; null when no gradient reaches it. */
  node: GraphNode | null = null;
  /** @internal */
  owner: Scope | null;
  #storage: Storage | null;
  #freedBy = "";

  /** @internal Use `tensor()` or an operation. */
  constructor(storage: Storage, { shape, dtype }: TensorForm) {
    this.shape = shape;
    this.dtype = dtype;
    this.#storage = storage;
    this.owner = currentScope("tensor");
    this.owner.owned.push(this);
  }

  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Its form; the values are on the device. */
  toString(): string {
    return `Tensor ${formatShape(this.shape)} ${this.dtype}`;
  }

  /** In `${tensor}` its form; `a + b` and `a < b` mean nothing in JavaScript, and would go on with NaN. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw new ScopeError(
      `${this.toString()}: expected an operation on tensors, got one of JavaScript's on numbers. Write a.add(b), or return the tensor from compute for its value.`,
    );
  }

  /** @internal */
  get storage(): Storage {
    if (!this.#storage) {
      throw new ScopeError(
        `tensor ${formatShape(this.shape)}: it was freed when ${this.#freedBy} ended. Return it from there, or keep it in a Cell.`,
      );
    }
    return this.#storage;
  }

  /** @internal The kernel's handle; checked to be on the device that runs now. */
  get buffer(): unknown {
    const { device, buffer } = this.storage;
    const here = currentScope("tensor").device;
    if (device !== here) {
      throw new ScopeError(
        `tensor ${formatShape(this.shape)}: it lives on ${device.name} and was used on ${here.name}. Pass it as host data.`,
      );
    }
    return buffer;
  }

  /** @internal */
  get device(): BackendDevice {
    return this.storage.device;
  }

  /** @internal */
  free(by: string): void {
    this.#storage?.release();
    this.#storage = null;
    this.#freedBy = by;
    this.owner = null;
    this.node = null;
  }

  add(other: Tensor | number): Tensor {
    return arithmetic.add(this, other);
  }
  sub(other: Tensor | number): Tensor {
    return arithmetic.sub(this, other);
  }
  mul(other: Tensor | number): Tensor {
    return arithmetic.mul(this, other);
  }
  div(other: Tensor | number): Tensor {
    return arithmetic.div(this, other);
  }
  pow(exponent: Tensor | number): Tensor {
    return arithmetic.pow(this, exponent);
  }
  neg(): Tensor {
    return elementwise.neg(this);
  }
  abs(): Tensor {
    return elementwise.abs(this);
  }
  exp(): Tensor {
    return elementwise.exp(this);
  }
  log(): Tensor {
    return elementwise.log(this);
  }
  sqrt(): Tensor {
    return elementwise.sqrt(this);
  }
  square(): Tensor {
    return elementwise.square(this);
  }
  tanh(): Tensor {
    return elementwise.tanh(this);
  }
  sigmoid(): Tensor {
    return elementwise.sigmoid(this);
  }
  relu(): Tensor {
    return elementwise.relu(this);
  }
  clip(low: number, high: number): Tensor {
    return arithmetic.clip(this, low, high);
  }
  equal(other: Tensor | number): Tensor {
    return comparison.equal(this, other);
  }
  less(other: Tensor | number): Tensor {
    return comparison.less(this, other);
  }
  lessEqual(other: Tensor | number): Tensor {
    return comparison.lessEqual(this, other);
  }
  greater(other: Tensor | number): Tensor {
    return comparison.greater(this, other);
  }
  greaterEqual(other: Tensor | number): Tensor {
    return comparison.greaterEqual(this, other);
  }
  cast(dtype: DType): Tensor {
    return cast(this, dtype);
  }
  matmul(other: Tensor): Tensor {
    return matmul(this, other);
  }

  /** Over all axes, or over some. */
  sum(): Scalar;
  sum(axes: Axes, options?: reduce.ReduceOptions): Tensor;
  sum(axes?: Axes, options?: reduce.ReduceOptions): Tensor {
    return reduce.sum(this, axes, options);
  }
  mean(): Scalar;
  mean(axes: Axes, options?: reduce.ReduceOptions): Tensor;
  mean(axes?: Axes, options?: reduce.ReduceOptions): Tensor {
    return reduce.mean(this, axes, options);
  }
  max(): Scalar;
  max(axes: Axes, options?: reduce.ReduceOptions): Tensor;
  max(axes?: Axes, options?: reduce.ReduceOptions): Tensor {
    return reduce.max(this, axes, options);
  }
  min(): Scalar;
  min(axes: Axes, options?: reduce.ReduceOptions): Tensor;
  min(axes?: Axes, options?: reduce.ReduceOptions): Tensor {
    return reduce.min(this, axes, options);
  }
  argmax(axis: number): Tensor {
    return reduce.argmax(this, axis);
  }

  /** One size may be −1: it takes what is left. */
  reshape(shape: Shape): Tensor {
    return reshape.reshape(this, shape);
  }
  expandDims(axis: number): Tensor {
    return reshape.expandDims(this, axis);
  }
  squeeze(axes?: Axes): Tensor {
    return reshape.squeeze(this, axes);
  }
  /** Default: the axes reversed. */
  transpose(permutation?: readonly number[]): Tensor {
    return transpose(this, permutation);
  }
  slice(starts: readonly number[], sizes: readonly number[]): Tensor {
    return slice(this, starts, { sizes });
  }
}

declare const scalarBrand: unique symbol;

/** A tensor of shape `[]`, such as a loss; leaves `compute` as a number. */
export interface Scalar extends Tensor {
  readonly [scalarBrand]: true;
  add(other: Scalar | number): Scalar;
  add(other: Tensor): Tensor;
  sub(other: Scalar | number): Scalar;
  sub(other: Tensor): Tensor;
  mul(other: Scalar | number): Scalar;
  mul(other: Tensor): Tensor;
  div(other: Scalar | number): Scalar;
  div(other: Tensor): Tensor;
  pow(exponent: Scalar | number): Scalar;
  pow(exponent: Tensor): Tensor;
  neg(): Scalar;
  abs(): Scalar;
  exp(): Scalar;
  log(): Scalar;
  sqrt(): Scalar;
  square(): Scalar;
  clip(low: number, high: number): Scalar;
}

/** A new tensor over a buffer a kernel has just made. */
export function fromBuffer(device: BackendDevice, buffer: unknown, form: TensorForm): Tensor {
  return new Tensor(new Storage(device, buffer), form);
}

/** The same data under another shape, without a copy. */
export function shareStorage(x: Tensor, shape: Shape): Tensor {
  return new Tensor(x.storage.retain(), { shape, dtype: x.dtype });
}
