/** Inputs for the contract: host tensors from a stream, and from lists. */

import type { DType } from "../dtype.ts";
import type { HostTensor } from "../host-tensor.ts";
import type { Rng } from "../rng.ts";
import { type Shape, sizeOf } from "../shape.ts";

/** Infinities, NaN, zeros and numbers at which formulas like to break. */
export const specials: readonly number[] = [0, -0, 1, -1, 0.5, -0.5, 1.5, -2.5, 1e-8, 20, -20, 88, -88, 1e-30, Infinity, -Infinity, NaN];

export function floats(values: readonly number[], shape: Shape = [values.length]): HostTensor {
  return { shape, dtype: "float32", data: Float32Array.from(values) };
}

export function ints(values: readonly number[], shape: Shape = [values.length]): HostTensor {
  return { shape, dtype: "int32", data: Int32Array.from(values) };
}

export function bools(values: readonly number[], shape: Shape = [values.length]): HostTensor {
  return { shape, dtype: "bool", data: Uint8Array.from(values) };
}

/** Whole numbers from `low` up to, not including, `high`; a word each, for speed: the slight favour for small ones does not matter here. */
export function wholes(rng: Rng, shape: Shape, low: number, high: number): HostTensor {
  return { shape, dtype: "int32", data: rng.words(sizeOf(shape)).map((word) => low + ((word >>> 0) % (high - low))) };
}

/** The values over and over, more than a thousand elements: kernels treat the body of an array, its tail and short arrays differently. */
export function repeated(values: readonly number[]): HostTensor {
  const rounds = Math.ceil(1031 / values.length);
  return floats(Array.from({ length: rounds }, () => values).flat());
}

/** NaNs with their sign bit set, as 0 · ∞ is on x86, between ones. */
export function negativeNaNs(): HostTensor {
  const bits = new Uint32Array(1031).map((_, i) => (i % 3 === 0 ? 0xffc00000 : 0x3f800000));
  return { shape: [1031], dtype: "float32", data: new Float32Array(bits.buffer) };
}

/** Normal floats, whole numbers from −50 to 50, or coin flips. */
export function sample(rng: Rng, shape: Shape, dtype: DType): HostTensor {
  if (dtype === "int32") return wholes(rng, shape, -50, 51);
  if (dtype === "bool") return rng.bernoulli(shape, 0.5);
  return rng.normal(shape, 0, 1.5);
}

/** Floats that are whole numbers, so that many are equal. */
export function ties(rng: Rng, shape: Shape): HostTensor {
  return { shape, dtype: "float32", data: Float32Array.from(wholes(rng, shape, -3, 4).data) };
}

/** The same tensor with every so many elements replaced. */
export function sprinkle(tensor: HostTensor, values: readonly number[], every: number): HostTensor {
  const data = tensor.data.slice();
  for (let i = 0, next = 0; i < data.length; i += every) data[i] = values[next++ % values.length]!;
  return { ...tensor, data };
}

/** A float tensor of the elements, mapped. */
export function mapFloats({ shape, data }: HostTensor, f: (value: number) => number): HostTensor {
  return { shape, dtype: "float32", data: Float32Array.from(data, f) };
}

/** Shapes every element-wise kernel meets: nothing, one, odd, ranks 0 to 6, some hundred thousand elements. */
export const shapes: readonly Shape[] = [[], [0], [1], [7], [3, 5], [2, 0, 3], [3, 1, 5, 2], [2, 3, 1, 2, 3, 2], [262_147]];
