/** How operations call kernels: on the current device, with checked operands. */

import type { Kernels } from "../backend.ts";
import { type DType, isFloat } from "../dtype.ts";
import { DtypeError } from "../errors.ts";
import { currentDevice } from "../scope.ts";
import { fromBuffer, Tensor, type TensorForm } from "../tensor.ts";

/** A new tensor over what `kernel` makes. */
export function apply(where: string, form: TensorForm, kernel: (kernels: Kernels<unknown>) => unknown): Tensor {
  const device = currentDevice(where);
  return fromBuffer(device, kernel(device.kernels), form);
}

/** Types say it already; scripts run without a type check, and a kernel would read memory that is not theirs. */
export function requireTensor(where: string, value: unknown): asserts value is Tensor {
  if (value instanceof Tensor) return;
  const got =
    typeof value === "object" && value !== null && "data" in value ? "host data" : Array.isArray(value) ? "an array" : typeof value;
  throw new DtypeError(`${where}: expected a tensor, got ${got}. Bring data in with tensor(…), or a batch with upload(batch).`);
}

export function requireFloat(where: string, ...tensors: readonly Tensor[]): void {
  for (const tensor of tensors) {
    requireTensor(where, tensor);
    const { dtype } = tensor;
    if (!isFloat(dtype)) throw new DtypeError(`${where}: expected a float tensor, got ${dtype}. Convert it with .cast("float32").`);
  }
}

export function requireNumbers(where: string, x: Tensor): void {
  requireTensor(where, x);
  if (x.dtype === "bool") throw new DtypeError(`${where}: expected numbers, got bool. Convert it with .cast("float32") or .cast("int32").`);
}

export function requireDType(where: string, dtype: DType, ...tensors: readonly Tensor[]): void {
  for (const tensor of tensors) {
    requireTensor(where, tensor);
    if (tensor.dtype !== dtype) {
      throw new DtypeError(`${where}: expected a tensor of ${dtype}, got ${tensor.dtype}. Convert it with .cast("${dtype}").`);
    }
  }
}

export function requireSameDType(where: string, a: Tensor, b: Tensor): void {
  requireTensor(where, a);
  requireTensor(where, b);
  if (a.dtype !== b.dtype) {
    throw new DtypeError(
      `${where}: expected both inputs to have the same dtype, got ${a.dtype} and ${b.dtype}. Convert one with .cast(…).`,
    );
  }
}
