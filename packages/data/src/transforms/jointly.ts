/** One draw for several fields: an image and its mask are mirrored, cut and turned together. */

import { DataError, formatShape, type HostTensor, ShapeError } from "@dl/core";
import type { Example } from "../dataset.ts";
import type { ImageBatch, Transform } from "./transform.ts";

/**
 * Applies `transform` to each of `fields` as if it were the images: random ones draw the same for all.
 *
 * A field is `[B, H, W, C]` or, for masks, `[B, H, W]`, of any dtype. Whole numbers, such as the class of each pixel, have to stay whole: `flip` and `padCrop` move
 * them, whereas `rotate` or `randomResizedCrop` would mix neighbours.
 *
 * @throws DataError for a field that the batch lacks, or classes that were mixed; ShapeError for one that has no places.
 * @example
 * const transform = [jointly(["images", "masks"], flip()), jointly(["images", "masks"], padCrop({ padding: 4 }))];
 */
export function jointly(fields: readonly string[], transform: Transform<ImageBatch>): Transform<Example> {
  return (batch, context) => {
    for (const field of fields) {
      const values = batch[field];
      if (values === undefined) {
        throw new DataError(`jointly: expected a field ${JSON.stringify(field)}, got only ${Object.keys(batch).join(", ")}.`);
      }
      const part = { images: asImages(field, values) };
      transform(part, context);
      batch[field] = likeBefore(field, part.images, values);
    }
  };
}

/** float32 `[B, H, W, C]`; the same numbers where they are that already. */
function asImages(field: string, { shape, data, dtype }: HostTensor): HostTensor {
  if (shape.length !== 3 && shape.length !== 4) {
    throw new ShapeError(`jointly: expected ${field} [B, H, W] or [B, H, W, C], got ${formatShape(shape)}.`);
  }
  const places = shape.length === 3 ? [...shape, 1] : shape;
  return { shape: places, dtype: "float32", data: dtype === "float32" ? data : Float32Array.from(data) };
}

function likeBefore(field: string, { shape, data }: HostTensor, before: HostTensor): HostTensor {
  const places = before.shape.length === 3 ? shape.slice(0, 3) : shape;
  if (before.dtype === "float32") return { shape: places, dtype: "float32", data };
  const mixed = data.find((value) => !Number.isInteger(value));
  if (mixed !== undefined) {
    throw new DataError(
      `jointly: expected ${before.dtype} ${field} to stay whole, got ${mixed}: the transform mixes neighbours. Take one that moves pixels, or give a float32 plane for each class.`,
    );
  }
  const Numbers = before.data.constructor as new (values: ArrayLike<number>) => typeof before.data;
  return { shape: places, dtype: before.dtype, data: new Numbers(data) };
}
