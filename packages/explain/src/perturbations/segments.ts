/** Features that are taken away together: which pixel belongs to which. */

import { type HostTensor, OptionError, ShapeError } from "@dl/core";

/** Squares of a grid: int32 `[height, width]`, numbered row by row from 0. */
export function gridSegments(height: number, width: number, { size }: { readonly size: number }): HostTensor {
  if (!Number.isInteger(size) || size < 1) throw new OptionError(`gridSegments: expected a size of at least 1, got ${size}.`);
  const columns = Math.ceil(width / size);
  const data = Int32Array.from(
    { length: height * width },
    (_, i) => Math.floor(Math.floor(i / width) / size) * columns + Math.floor((i % width) / size),
  );
  return { shape: [height, width], dtype: "int32", data };
}

/** Checks that segments cover the leading axes of one example, numbered from 0 without a gap; how many there are, and elements a place. */
export function readSegments(
  where: string,
  segments: HostTensor,
  example: readonly number[],
): { readonly count: number; readonly repeat: number } {
  const { shape, data } = segments;
  if (shape.length > example.length || shape.some((size, axis) => size !== example[axis])) {
    throw new ShapeError(
      `${where}: expected segments of the leading axes of an example [${example.join(", ")}], got [${shape.join(", ")}].`,
    );
  }
  let largest = -1;
  for (let i = 0; i < data.length; i++) {
    if (!Number.isInteger(data[i]) || data[i]! < 0)
      throw new OptionError(`${where}: expected segments numbered from 0, got ${data[i]} at ${i}.`);
    largest = Math.max(largest, data[i]!);
  }
  const seen = new Uint8Array(largest + 1);
  for (let i = 0; i < data.length; i++) seen[data[i]!] = 1;
  const missing = seen.indexOf(0);
  if (missing >= 0 || largest < 0)
    throw new OptionError(`${where}: expected segments without a gap, got none numbered ${Math.max(0, missing)}.`);
  return { count: largest + 1, repeat: example.slice(shape.length).reduce((a, b) => a * b, 1) };
}

/** One value a segment, spread over its places: float32 of the segments' shape. */
export function spreadSegments(values: ArrayLike<number>, segments: HostTensor): HostTensor {
  let count = 0;
  for (let i = 0; i < segments.data.length; i++) count = Math.max(count, segments.data[i]! + 1);
  if (values.length !== count)
    throw new ShapeError(`spreadSegments: expected a value for each of ${count} segments, got ${values.length}.`);
  return { shape: segments.shape, dtype: "float32", data: Float32Array.from(segments.data, (segment) => values[segment]!) };
}
