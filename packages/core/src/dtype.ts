/** The element types of tensors, on the host and on a device. */

import { DtypeError } from "./errors.ts";

/**
 * - `float32`: the type of everything that is differentiated.
 * - `float64`: the type a float takes on the oracle, `cpu({ precision: "float64" })`, and on no other device.
 * - `int32`: labels, token ids, indices.
 * - `bool`: masks, one byte each, 0 or 1.
 */
export type DType = "float32" | "float64" | "int32" | "bool";

/** The array that holds a dtype on the host. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;

export const bytesPerElement: Readonly<Record<DType, number>> = { float32: 4, float64: 8, int32: 4, bool: 1 };

/** A zeroed host array for `length` elements of `dtype`. */
export function allocate(dtype: DType, length: number): TypedArray {
  switch (dtype) {
    case "float32":
      return new Float32Array(length);
    case "float64":
      return new Float64Array(length);
    case "int32":
      return new Int32Array(length);
    case "bool":
      return new Uint8Array(length);
    default:
      return dtype satisfies never;
  }
}

/** The dtype whose host array `data` is. */
export function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Uint8Array) return "bool";
  throw new DtypeError(
    `dtypeOf: expected a Float32Array, Float64Array, Int32Array or Uint8Array, got ${Object.prototype.toString.call(data).slice(8, -1)}.`,
  );
}

/** Types say it already; scripts run without a type check, and a kernel would not know what to make. */
export function checkDType(where: string, dtype: DType): void {
  if (!Object.hasOwn(bytesPerElement, dtype)) {
    throw new DtypeError(`${where}: expected ${Object.keys(bytesPerElement).join(", ")} as dtype, got ${JSON.stringify(dtype)}.`);
  }
}

export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64";
}
