/** Tensors of a file in fewer bytes: small integers with scales, and values with a bit for each place that is not 0. */

import { CheckpointError, type HostTensor, hostTensor, type Shape, sizeOf } from "@dl/core";
import { fromStored, type NamedTensors, type StoredTensor, storedElements, toStored } from "@dl/nn";
import type { QuantisedWeight } from "../quantisation/quantised-weight.ts";
import { scaleLayout } from "../quantisation/quantised-weight.ts";

/** How one tensor is packed, as the header of the file says. */
export type Packing =
  | { readonly encoding: "int8" | "int4"; readonly shape: Shape; readonly axis: number; readonly group: number }
  | { readonly encoding: "sparse"; readonly shape: Shape };

/**
 * The tensors of a rounded weight: `<name>` holds the integers, int4 two a byte with the first in the low half, and `<name>.scale` the scales
 * `[groups, channels]`.
 */
export function packWeight(name: string, weight: QuantisedWeight): { packing: Packing; tensors: [string, StoredTensor][] } {
  const { shape, axis, group, bits, values, scales } = weight;
  const { groups, channels } = scaleLayout(shape, weight);
  const integers: StoredTensor =
    bits === 8
      ? { dtype: "I8", shape, bytes: bytesOf(values) }
      : { dtype: "U8", shape: [Math.ceil(values.length / 2)], bytes: packNibbles(values) };
  return {
    packing: { encoding: bits === 8 ? "int8" : "int4", shape, axis, group },
    tensors: [
      [name, integers],
      [`${name}.scale`, toStored(hostTensor(scales, [groups, channels]))],
    ],
  };
}

/** The tensors of a value with many zeros: those that are none, and a bit a place, the first in the lowest. Undefined where that saves nothing. */
export function packSparse(name: string, tensor: HostTensor): { packing: Packing; tensors: [string, StoredTensor][] } | undefined {
  if (tensor.dtype !== "float32") return undefined;
  const { data, shape } = tensor;
  let kept = 0;
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) kept++;
  if (4 * kept + Math.ceil(data.length / 8) >= 3.9 * data.length) return undefined;
  const values = new Float32Array(kept);
  const bits = new Uint8Array(Math.ceil(data.length / 8));
  let at = 0;
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue;
    values[at++] = data[i]!;
    bits[i >> 3]! |= 1 << (i & 7);
  }
  return {
    packing: { encoding: "sparse", shape },
    tensors: [
      [name, toStored(hostTensor(values, [kept]))],
      [`${name}.places`, { dtype: "U8", shape: [bits.length], bytes: bits }],
    ],
  };
}

/**
 * Unpacks one tensor.
 *
 * @throws CheckpointError, naming the tensor, for parts that are missing, or do not fit the header or each other.
 */
export function unpack(
  name: string,
  packing: Packing,
  { tensors, file }: { tensors: NamedTensors; file: string },
): HostTensor | QuantisedWeight {
  const wrong = (expected: string, got: string): never => {
    throw new CheckpointError(`${file}: tensor ${JSON.stringify(name)}: expected ${expected}, got ${got}. The file is damaged.`);
  };
  const part = (suffix: string, dtype: StoredTensor["dtype"], shape: Shape | undefined): StoredTensor => {
    const tensor = tensors.get(`${name}${suffix}`) as StoredTensor | undefined;
    if (tensor === undefined) return wrong(`${name}${suffix} beside it`, "none");
    const fits = tensor.dtype === dtype && (shape === undefined ? tensor.shape.length === 1 : tensor.shape.join() === shape.join());
    if (!fits) wrong(`${dtype} [${shape?.join(", ") ?? "values"}] for ${name}${suffix}`, `${tensor.dtype} [${tensor.shape.join(", ")}]`);
    return tensor;
  };
  const { shape } = packing;
  const count = sizeOf(shape);
  if (packing.encoding === "sparse") {
    const bits = part(".places", "U8", [Math.ceil(count / 8)]).bytes;
    const values = fromStored(part("", "F32", undefined), { name }).data;
    const data = new Float32Array(count);
    let at = 0;
    for (let i = 0; i < count; i++) if ((bits[i >> 3]! >> (i & 7)) & 1) data[i] = values[Math.min(at++, values.length - 1)]!;
    if (at !== values.length) wrong(`as many values as places, ${at}`, String(values.length));
    if (count % 8 !== 0 && bits.at(-1)! >> (count % 8) !== 0) wrong("no places beyond the shape", "some");
    return hostTensor(data, shape);
  }
  const { axis, group } = packing;
  const isFull = packing.encoding === "int8";
  const { groups, channels } = scaleLayout(shape, { axis, group });
  const integers = isFull ? part("", "I8", shape) : part("", "U8", [Math.ceil(count / 2)]);
  const values = isFull ? (storedElements(integers) as Int8Array) : unpackNibbles(integers.bytes, count);
  if (!isFull && count % 2 === 1 && integers.bytes.at(-1)! >> 4 !== 0) wrong("an empty half at the end", "another");
  const scales = fromStored(part(".scale", "F32", [groups, channels]), { name }).data as Float32Array;
  const bad = scales.find((scale) => !(scale > 0 && Number.isFinite(scale)));
  if (bad !== undefined) wrong("scales above 0", String(bad));
  return { shape, bits: isFull ? 8 : 4, axis, group, values: Int8Array.from(values), scales: Float32Array.from(scales) };
}

function bytesOf(values: Int8Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Two's complement in four bits. */
function packNibbles(values: Int8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(values.length / 2));
  for (let i = 0; i < values.length; i++) bytes[i >> 1]! |= (values[i]! & 15) << (4 * (i & 1));
  return bytes;
}

function unpackNibbles(bytes: Uint8Array, count: number): Int8Array {
  // Shifted up and down again, the sign bit fills the upper half.
  return Int8Array.from({ length: count }, (_, i) => (((bytes[i >> 1]! >> (4 * (i & 1))) & 15) << 28) >> 28);
}
