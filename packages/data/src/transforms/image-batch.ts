/** The float32 images of a batch, checked: where every image transform starts. */

import { DtypeError, formatShape, ShapeError } from "@dl/core";
import type { ImageBatch } from "./transform.ts";

/** Images `[B, H, W, C]` taken apart. */
export interface Images {
  readonly data: Float32Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export function imagesOf(where: string, { images }: ImageBatch): Images {
  const { data, shape, dtype } = images;
  if (!(data instanceof Float32Array)) throw new DtypeError(`${where}: expected float32 images, got ${dtype}.`);
  if (shape.length !== 4) throw new ShapeError(`${where}: expected images [B, H, W, C], got ${formatShape(shape)}.`);
  const [count, height, width, channels] = shape as [number, number, number, number];
  return { data, count, height, width, channels };
}
