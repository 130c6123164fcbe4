/** Tensors as files hold them: little-endian bytes of any dtype the safetensors format knows. */

import type { Shape } from "@dl/core";

/** Bytes of one element, by the format's name of the dtype, in the order of its reference implementation (tensor.rs, `enum Dtype`). */
export const storedBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;

/** An element type of a safetensors file. */
export type StoredDType = keyof typeof storedBytes;

/** One tensor of a file, not yet converted. */
export interface StoredTensor {
  readonly dtype: StoredDType;
  readonly shape: Shape;
  /** Row-major elements, little-endian; often a view into the file's bytes. */
  readonly bytes: Uint8Array;
}

export function isStoredDType(name: unknown): name is StoredDType {
  return typeof name === "string" && Object.hasOwn(storedBytes, name);
}
