/** IDX, the format of MNIST: a typed array of any rank, big-endian. LeCun, Cortes, Burges, "The MNIST database", "File formats". */

import { allocate, DataError, formatShape, type Shape, sizeOf, type TypedArray } from "@dl/core";

/** The element types of the format, by their code. */
const elements = {
  8: { name: "uint8", bytes: 1 },
  9: { name: "int8", bytes: 1 },
  11: { name: "int16", bytes: 2 },
  12: { name: "int32", bytes: 4 },
  13: { name: "float32", bytes: 4 },
  14: { name: "float64", bytes: 8 },
} as const;

export type IdxType = (typeof elements)[keyof typeof elements]["name"];

/** An IDX file. `data` is `Uint8Array` for uint8 (a view of the file), `Int32Array` for the signed whole types. */
export interface IdxArray {
  readonly type: IdxType;
  readonly shape: Shape;
  readonly data: TypedArray;
}

export interface ParseIdxOptions {
  /** Name for error messages. Default `"idx"`. */
  name?: string | undefined;
}

/**
 * Reads an uncompressed IDX file of any type. Sizes are checked against the file before anything is allocated.
 *
 * @throws DataError for a wrong magic number, an unknown type, or a length that is not the one the header promises.
 */
export function parseIdx(file: Uint8Array, { name = "idx" }: ParseIdxOptions = {}): IdxArray {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const gzip = file[0] === 0x1f && file[1] === 0x8b ? " It is compressed with gzip: decompress it first." : "";
  if (file.length < 4 || view.getUint16(0) !== 0) {
    throw new DataError(`parseIdx: expected ${name} to start with two zero bytes, a type and a rank, got ${describe(file)}.${gzip}`);
  }
  const element = elements[file[2] as keyof typeof elements];
  if (element === undefined) {
    throw new DataError(`parseIdx: expected ${name} to have a type of ${Object.keys(elements).join(", ")}, got ${file[2]}.`);
  }
  const rank = file[3]!;
  const start = 4 + 4 * rank;
  if (file.length < start)
    throw new DataError(`parseIdx: expected ${name} to hold ${rank} sizes (${start} bytes), got ${file.length} bytes.`);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expected = start + sizeOf(shape) * element.bytes;
  if (file.length !== expected) {
    throw new DataError(
      `parseIdx: expected ${name} to have ${expected} bytes (${element.name} ${formatShape(shape)}), got ${file.length}. The file is damaged or cut off.`,
    );
  }
  if (element.name === "uint8") return { type: "uint8", shape, data: file.subarray(start) };
  const data = allocate(element.name === "float32" || element.name === "float64" ? element.name : "int32", sizeOf(shape));
  const read = {
    int8: (at: number) => view.getInt8(at),
    int16: (at: number) => view.getInt16(at),
    int32: (at: number) => view.getInt32(at),
    float32: (at: number) => view.getFloat32(at),
    float64: (at: number) => view.getFloat64(at),
  }[element.name];
  for (let i = 0; i < data.length; i++) data[i] = read(start + i * element.bytes);
  return { type: element.name, shape, data };
}

function describe(file: Uint8Array): string {
  return file.length === 0
    ? "an empty file"
    : `bytes ${Array.from(file.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ")}`;
}
