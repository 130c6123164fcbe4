/** New tensors: from host data, filled, counted. */

import { deviceDType } from "../cell.ts";
import type { DType, TypedArray } from "../dtype.ts";
import { checkDType, dtypeOf } from "../dtype.ts";
import { DtypeError, OptionError } from "../errors.ts";
import { checkInt32, fromNested, type HostTensor, hostTensor, type NestedNumbers } from "../host-tensor.ts";
import { currentDevice } from "../scope.ts";
import { checkShape, type Shape } from "../shape.ts";
import { fromBuffer, type Scalar, type Tensor } from "../tensor.ts";
import { apply } from "./apply.ts";

export interface DTypeOption {
  /** Default `float32`. */
  readonly dtype?: DType;
}

function isHostTensor(value: unknown): value is HostTensor {
  return typeof value === "object" && value !== null && "data" in value && "shape" in value;
}

/**
 * A tensor from a number, nested arrays, a typed array (rank 1), or a host tensor, copied to the device.
 *
 * @example
 * tensor([[1, 2], [3, 4]]); // [2, 2], float32
 * tensor([3, 1], { dtype: "int32" });
 */
export function tensor(values: number, options?: DTypeOption): Scalar;
export function tensor(values: NestedNumbers | TypedArray | HostTensor, options?: DTypeOption): Tensor;
export function tensor(values: NestedNumbers | TypedArray | HostTensor, { dtype }: DTypeOption = {}): Tensor {
  const host = ArrayBuffer.isView(values)
    ? hostTensor(values, [values.length])
    : isHostTensor(values)
      ? hostTensor(values.data, values.shape)
      : fromNested(values, dtype === "int32" || dtype === "bool" ? "int32" : "float32");
  const device = currentDevice("tensor");
  if (dtype !== undefined) checkDType("tensor", dtype);
  const type = deviceDType(dtype ?? dtypeOf(host.data), device);
  if (dtype === undefined && type === "bool") checkBools(host.data);
  const data =
    type === "bool"
      ? Uint8Array.from(host.data, (value) => (value !== 0 ? 1 : 0))
      : type === "int32" && !(host.data instanceof Int32Array)
        ? toInt32(host.data)
        : host.data;
  return fromBuffer(device, device.upload(data, type), { shape: host.shape, dtype: type });
}

function toInt32(data: TypedArray): Int32Array {
  for (const value of data) checkInt32("tensor", value);
  return Int32Array.from(data);
}

/** Bytes that are not bools are numbers, such as pixels: nobody said which. */
function checkBools(data: TypedArray): void {
  const other = data.find((value: number) => value > 1);
  if (other !== undefined) {
    throw new DtypeError(
      `tensor: expected 0 or 1 in a Uint8Array, which holds bools, got ${other}. For numbers, say { dtype: "float32" }.`,
    );
  }
}

/** Every host tensor of a batch as a tensor, under the same names. */
export function upload<T extends Readonly<Record<string, HostTensor>>>(batch: T): { [K in keyof T]: Tensor } {
  return Object.fromEntries(Object.entries(batch).map(([name, host]) => [name, tensor(host)])) as { [K in keyof T]: Tensor };
}

/** `value` everywhere; for int32, a whole one. */
export function fill(shape: Shape, value: number, { dtype = "float32" }: DTypeOption = {}): Tensor {
  checkShape("fill", shape);
  const type = deviceDType(dtype, currentDevice("fill"));
  if (type === "int32") {
    if (!Number.isInteger(value)) {
      throw new DtypeError(`fill: expected a whole number for int32, got ${value}. Convert the tensor beside it with .cast("float32").`);
    }
    checkInt32("fill", value);
  }
  return apply("fill", { shape, dtype: type }, (kernels) => kernels.fill(shape, type, value));
}

export function zeros(shape: Shape, options?: DTypeOption): Tensor {
  return fill(shape, 0, options);
}

export function ones(shape: Shape, options?: DTypeOption): Tensor {
  return fill(shape, 1, options);
}

export function zerosLike({ shape, dtype }: Tensor): Tensor {
  return fill(shape, 0, { dtype });
}

export function onesLike({ shape, dtype }: Tensor): Tensor {
  return fill(shape, 1, { dtype });
}

/** `start`, `start + step`, … up to, not including, `stop`; rank 1. */
export function range(
  stop: number,
  { start = 0, step = 1, dtype = "int32" }: { start?: number; step?: number; dtype?: "int32" | "float32" } = {},
): Tensor {
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!Number.isFinite(length)) throw new OptionError(`range: expected finite start, stop and a step ≠ 0, got ${start}, ${stop}, ${step}.`);
  if (dtype === "int32" && !(Number.isInteger(start) && Number.isInteger(step))) {
    throw new OptionError(`range: expected a whole start and step for int32, got ${start} and ${step}. Ask for { dtype: "float32" }.`);
  }
  checkShape("range", [length]);
  if (dtype === "int32" && length > 0) for (const end of [start, start + (length - 1) * step]) checkInt32("range", end);
  const from = (_: unknown, i: number): number => start + i * step;
  return tensor(dtype === "int32" ? Int32Array.from({ length }, from) : Float64Array.from({ length }, from));
}

/** `count` numbers from `start` to `stop`, both included; rank 1. */
export function linspace(start: number, stop: number, { count }: { count: number }): Tensor {
  if (!Number.isInteger(count) || count < 0) throw new OptionError(`linspace: expected a whole count ≥ 0, got ${count}.`);
  const step = count > 1 ? (stop - start) / (count - 1) : 0;
  return tensor(Float64Array.from({ length: count }, (_, i) => (i === count - 1 && count > 1 ? stop : start + i * step)));
}

/** The identity matrix `[size, size]`. */
export function eye(size: number): Tensor {
  checkShape("eye", [size, size]);
  const data = new Float32Array(size * size);
  for (let i = 0; i < size; i++) data[i * size + i] = 1;
  return tensor({ shape: [size, size], dtype: "float32", data });
}
