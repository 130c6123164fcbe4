/** Images kept as the bytes they were stored in, and read as float32: a quarter of the memory. */

import { DataError, formatShape, OptionError, type Shape, sizeOf } from "@dl/core";

/** A field of bytes. An example's element is `byte · scale`, rounded to float32. */
export interface ByteColumn {
  readonly bytes: Uint8Array;
  /** `[N, …]` */
  readonly shape: Shape;
  readonly scale: number;
}

export interface ByteColumnOptions {
  /** What a byte is multiplied by. Default 1/255: images in [0, 1]. */
  scale?: number;
}

/**
 * A field over `bytes`, which are not copied.
 *
 * @param shape `[N, …]`, such as `[60000, 28, 28, 1]`.
 */
export function byteColumn(bytes: Uint8Array, shape: Shape, { scale = 1 / 255 }: ByteColumnOptions = {}): ByteColumn {
  if (bytes.length !== sizeOf(shape)) {
    throw new DataError(`byteColumn: expected ${sizeOf(shape)} bytes for shape ${formatShape(shape)}, got ${bytes.length}.`);
  }
  if (!Number.isFinite(scale)) throw new OptionError(`byteColumn: expected a finite scale, got ${scale}.`);
  return { bytes, shape, scale };
}
