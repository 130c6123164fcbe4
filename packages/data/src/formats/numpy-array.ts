/** Arrays of NumPy's file format. NumPy, "A simple file format for NumPy arrays" (NEP 1). */

import { allocate, DataError, formatShape, type HostTensor, type Shape, sizeOf, type TypedArray } from "@dl/core";

export type NumpyType =
  | "bool"
  | "float16"
  | "float32"
  | "float64"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64";

/**
 * An array of a file, row-major. `data` is a `Float32Array` for float16 and float32, a `Uint8Array` for bool and uint8, an `Int32Array`
 * for the whole types that fit one, and a `Float64Array` for float64 and for the wide whole types, whose values must be below 2⁵³.
 */
export interface NumpyArray {
  readonly type: NumpyType;
  readonly shape: Shape;
  readonly data: TypedArray;
}

/** How elements are stored, by kind and bytes. */
const types: Readonly<Record<string, NumpyType>> = {
  b1: "bool",
  f2: "float16",
  f4: "float32",
  f8: "float64",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
};

export interface ParseNpyOptions {
  /** For error messages. Default `"npy"`. */
  name?: string | undefined;
}

/**
 * Reads a `.npy` file: any of the types above, either byte order, C or Fortran order.
 *
 * @throws DataError for anything else (objects, strings, complex numbers), and for a length that is not the one the header promises.
 */
export function parseNpy(file: Uint8Array, { name = "npy" }: ParseNpyOptions = {}): NumpyArray {
  const { header, start } = readHeader(file, name);
  const code = /'descr':\s*'([<>|=])([a-zA-Z])(\d+)'/.exec(header);
  const order = /'fortran_order':\s*(True|False)/.exec(header);
  const dimensions = /'shape':\s*\(([^)]*)\)/.exec(header);
  const type = code === null ? undefined : types[`${code[2]}${code[3]}`];
  if (type === undefined || order === null || dimensions === null) {
    throw new DataError(`parseNpy: expected ${name} to hold numbers of one type, got the header ${header.trim().slice(0, 120)}.`);
  }
  const shape = dimensions[1]!
    .split(",")
    .map((size) => size.trim())
    .filter((size) => size !== "")
    .map((size) => (/^\d+L?$/.test(size) ? Number.parseInt(size, 10) : Number.NaN));
  const width = Number(code![3]);
  const length = sizeOf(shape);
  if (!Number.isSafeInteger(length) || file.length !== start + length * width) {
    throw new DataError(
      `parseNpy: expected ${name} to have ${start + length * width} bytes (${type} ${formatShape(shape)}), got ${file.length}. The file is damaged or cut off.`,
    );
  }
  const stored = readElements(new DataView(file.buffer, file.byteOffset + start), { type, length, little: code![1] !== ">", width, name });
  return { type, shape, data: order[1] === "True" ? rowMajor(stored, shape) : stored };
}

function readHeader(file: Uint8Array, name: string): { header: string; start: number } {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (file.length < 10 || magic.some((byte, i) => file[i] !== byte)) {
    throw new DataError(`parseNpy: expected ${name} to start with \\x93NUMPY, got ${file.length} bytes that do not.`);
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const long = file[6]! >= 2;
  if (long && file.length < 12) throw new DataError(`parseNpy: expected ${name} to have a header, got its end.`);
  const start = long ? 12 + view.getUint32(8, true) : 10 + view.getUint16(8, true);
  if (start > file.length) throw new DataError(`parseNpy: expected ${name} to have a header of ${start} bytes, got ${file.length}.`);
  return { header: new TextDecoder().decode(file.subarray(long ? 12 : 10, start)), start };
}

interface Layout {
  readonly type: NumpyType;
  readonly length: number;
  readonly little: boolean;
  readonly width: number;
  readonly name: string;
}

function readElements(view: DataView, { type, length, little, width, name }: Layout): TypedArray {
  const read: Record<NumpyType, (at: number) => number> = {
    bool: (at) => view.getUint8(at),
    uint8: (at) => view.getUint8(at),
    int8: (at) => view.getInt8(at),
    int16: (at) => view.getInt16(at, little),
    uint16: (at) => view.getUint16(at, little),
    int32: (at) => view.getInt32(at, little),
    uint32: (at) => view.getUint32(at, little),
    float16: (at) => halfToNumber(view.getUint16(at, little)),
    float32: (at) => view.getFloat32(at, little),
    float64: (at) => view.getFloat64(at, little),
    int64: (at) => exact(view.getBigInt64(at, little), name),
    uint64: (at) => exact(view.getBigUint64(at, little), name),
  };
  const data = allocate(hostTypeOf(type), length);
  const get = read[type];
  for (let i = 0; i < length; i++) data[i] = get(i * width);
  return data;
}

function hostTypeOf(type: NumpyType): "bool" | "float32" | "float64" | "int32" {
  if (type === "bool" || type === "uint8") return "bool";
  if (type === "float16" || type === "float32") return "float32";
  return type === "float64" || type === "int64" || type === "uint32" || type === "uint64" ? "float64" : "int32";
}

function exact(value: bigint, name: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new DataError(`parseNpy: expected whole numbers below 2⁵³ in ${name}, got ${value}.`);
  return number;
}

/** IEEE 754 binary16. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Elements stored column by column, brought into rows. */
function rowMajor(stored: TypedArray, shape: Shape): TypedArray {
  const data = stored.slice();
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  for (let i = 0; i < data.length; i++) {
    data[i] = stored[index.reduce((at, position, axis) => at + position * strides[axis]!, 0)]!;
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
  return data;
}

/** `array` as a tensor: whole numbers as int32, which they must fit. */
export function numpyTensor({ type, shape, data }: NumpyArray): HostTensor {
  if (type === "bool") return { shape, dtype: "bool", data };
  if (type === "float16" || type === "float32") return { shape, dtype: "float32", data };
  if (type === "float64") return { shape, dtype: "float64", data };
  const whole = Int32Array.from(data);
  for (let i = 0; i < whole.length; i++) {
    if (whole[i] !== data[i]) throw new DataError(`numpyTensor: expected ${type} values that fit int32, got ${data[i]} at ${i}.`);
  }
  return { shape, dtype: "int32", data: whole };
}

/** The `.npy` file of a tensor: float32 as `<f4`, float64 as `<f8`, int32 as `<i4`, bool as `|b1`. */
export function encodeNpy({ shape, dtype, data }: HostTensor): Uint8Array {
  const code = { float32: "<f4", float64: "<f8", int32: "<i4", bool: "|b1" }[dtype];
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${code}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // The data begins at a multiple of 64, as NumPy writes it.
  const header = 10 + Math.ceil((text.length + 11) / 64) * 64 - 10;
  const file = new Uint8Array(header + data.byteLength);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  const view = new DataView(file.buffer);
  view.setUint16(8, header - 10, true);
  file.set(new TextEncoder().encode(`${text.padEnd(header - 11)}\n`), 10);
  if (dtype === "bool") file.set(data, header);
  else for (let i = 0; i < data.length; i++) writeNumber(view, header + i * data.BYTES_PER_ELEMENT, { dtype, value: data[i]! });
  return file;
}

function writeNumber(view: DataView, at: number, { dtype, value }: { dtype: HostTensor["dtype"]; value: number }): void {
  if (dtype === "float32") view.setFloat32(at, value, true);
  else if (dtype === "float64") view.setFloat64(at, value, true);
  else view.setInt32(at, value, true);
}
