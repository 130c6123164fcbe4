/** Between the dtypes of files and those of tensors. */

import { CheckpointError, type HostTensor, sizeOf, type TypedArray } from "@dl/core";
import {
  bfloat16ToFloat32,
  float8e4m3ToFloat32,
  float8e5m2ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "./small-floats.ts";
import { type StoredDType, type StoredTensor, storedBytes } from "./stored-tensor.ts";

/** An array that holds any stored dtype exactly. */
export type StoredArray = TypedArray | Int8Array | Int16Array | Uint16Array | Uint32Array | BigInt64Array | BigUint64Array;

interface ArrayConstructor<A> {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A;
  readonly BYTES_PER_ELEMENT: number;
}

// A view where the bytes are aligned, a copy where not. All engines of note are little-endian, as the format is.
function arrayOf<A>(type: ArrayConstructor<A>, { bytes }: StoredTensor): A {
  const length = bytes.byteLength / type.BYTES_PER_ELEMENT;
  if (bytes.byteOffset % type.BYTES_PER_ELEMENT === 0) return new type(bytes.buffer, bytes.byteOffset, length);
  // Not slice: that of a Buffer of Node is no copy.
  return new type(new Uint8Array(bytes).buffer, 0, length);
}

/** The elements, exactly: 64-bit integers as BigInts, floats of 8 and 16 bits as float32. May be a view of the file's bytes. */
export function storedElements(tensor: StoredTensor): StoredArray {
  switch (tensor.dtype) {
    case "BOOL":
    case "U8":
      return arrayOf(Uint8Array, tensor);
    case "I8":
      return arrayOf(Int8Array, tensor);
    case "F8_E5M2":
      return float8e5m2ToFloat32(tensor.bytes);
    case "F8_E4M3":
      return float8e4m3ToFloat32(tensor.bytes);
    case "I16":
      return arrayOf(Int16Array, tensor);
    case "U16":
      return arrayOf(Uint16Array, tensor);
    case "F16":
      return float16ToFloat32(arrayOf(Uint16Array, tensor));
    case "BF16":
      return bfloat16ToFloat32(arrayOf(Uint16Array, tensor));
    case "I32":
      return arrayOf(Int32Array, tensor);
    case "U32":
      return arrayOf(Uint32Array, tensor);
    case "F32":
      return arrayOf(Float32Array, tensor);
    case "F64":
      return arrayOf(Float64Array, tensor);
    case "I64":
      return arrayOf(BigInt64Array, tensor);
    case "U64":
      return arrayOf(BigUint64Array, tensor);
    default:
      return tensor.dtype satisfies never;
  }
}

/**
 * As a tensor the core can upload: floats of up to 32 bits become float32, F64 float64, integers int32, BOOL bool.
 * May be a view of the file's bytes.
 *
 * @throws CheckpointError, naming the tensor, when the bytes do not fill the shape, an integer does not fit int32, or a BOOL is neither 0 nor 1.
 */
export function fromStored(tensor: StoredTensor, { name = "tensor" }: { name?: string } = {}): HostTensor {
  const { shape } = tensor;
  checkStored(name, tensor);
  const elements = storedElements(tensor);
  if (tensor.dtype === "BOOL") {
    const data = elements as Uint8Array;
    for (let i = 0; i < data.length; i++) {
      if (data[i]! > 1) throw new CheckpointError(`${name}: expected BOOL bytes of 0 or 1, got ${data[i]} at ${i}. The file is damaged.`);
    }
    return { shape, dtype: "bool", data };
  }
  if (elements instanceof Float32Array) return { shape, dtype: "float32", data: elements };
  if (elements instanceof Float64Array) return { shape, dtype: "float64", data: elements };
  if (elements instanceof Int32Array) return { shape, dtype: "int32", data: elements };
  const data = new Int32Array(elements.length);
  for (let i = 0; i < data.length; i++) {
    const value = Number(elements[i]!);
    data[i] = value;
    if (data[i] !== value) {
      throw new CheckpointError(
        `${name}: expected ${tensor.dtype} elements that fit int32, got ${elements[i]} at ${i}. Read them with storedElements.`,
      );
    }
  }
  return { shape, dtype: "int32", data };
}

/** How floats are written: `F32` keeps float32 exactly, `F16` and `BF16` round to nearest, halves to even. */
export type StoredFloat = "F32" | "F16" | "BF16";

/**
 * As a file holds it: float32 as F32 (or as `floats` says), float64 as F64, int32 as I32, bool as BOOL.
 * May be a view of the tensor's data.
 */
export function toStored(tensor: HostTensor, { floats = "F32" }: { floats?: StoredFloat } = {}): StoredTensor {
  const { shape, data } = tensor;
  switch (tensor.dtype) {
    case "float32":
      if (floats === "F16") return stored("F16", shape, float32ToFloat16(data as Float32Array));
      if (floats === "BF16") return stored("BF16", shape, float32ToBfloat16(data as Float32Array));
      return stored(floats satisfies "F32", shape, data);
    case "float64":
      return stored("F64", shape, data);
    case "int32":
      return stored("I32", shape, data);
    case "bool":
      return stored("BOOL", shape, data);
    default:
      return tensor.dtype satisfies never;
  }
}

function stored(dtype: StoredDType, shape: HostTensor["shape"], data: ArrayBufferView): StoredTensor {
  return { dtype, shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

/** Throws unless the bytes are as many as dtype and shape demand. */
export function checkStored(name: string, { dtype, shape, bytes }: StoredTensor): void {
  const expected = sizeOf(shape) * storedBytes[dtype];
  if (bytes.byteLength !== expected) {
    throw new CheckpointError(`${name}: expected ${expected} bytes for ${dtype} [${shape.join(", ")}], got ${bytes.byteLength}.`);
  }
}
