/** A random part of each image, brought to one size. Szegedy et al. 2014, arXiv:1409.4842, section 6; torchvision's `RandomResizedCrop`. */

import { OptionError } from "@dl/core";
import { resampleFloat } from "../images/resample.ts";
import { imagesOf } from "./image-batch.ts";
import { checkRange, drawRange, type Range } from "./range.ts";
import type { ImageBatch, Transform } from "./transform.ts";

export interface RandomResizedCropOptions {
  /** Size of what comes out, in pixels. */
  height: number;
  width: number;
  /** Share of the image that is cut out. Default `[0.08, 1]`. */
  area?: Range | undefined;
  /** Width over height of what is cut out. Default `[3/4, 4/3]`. */
  aspect?: Range | undefined;
}

/** Cuts a random rectangle out of each image and resizes it, bilinear and averaging where it shrinks. Random: `batches` needs an `rng`. */
export function randomResizedCrop(options: RandomResizedCropOptions): Transform<ImageBatch> {
  const { height: outHeight, width: outWidth, area = [0.08, 1], aspect = [3 / 4, 4 / 3] } = options;
  for (const size of [outHeight, outWidth]) {
    if (!Number.isInteger(size) || size < 1) {
      throw new OptionError(`randomResizedCrop: expected a whole height and width of at least 1, got ${outHeight} × ${outWidth}.`);
    }
  }
  checkRange("randomResizedCrop: area", area, { least: 0, most: 1 });
  checkRange("randomResizedCrop: aspect", aspect, { least: Number.MIN_VALUE });
  return (batch, { rng }) => {
    const { data, count, height, width, channels } = imagesOf("randomResizedCrop", batch);
    const size = height * width * channels;
    const out = new Float32Array(count * outHeight * outWidth * channels);
    for (let i = 0; i < count; i++) {
      const stream = rng(i);
      const box = drawBox(
        { height, width, area, aspect },
        (range) => drawRange(stream, range),
        (high) => stream.integer(0, high),
      );
      const source = { data: data.subarray(i * size, (i + 1) * size), height, width, channels };
      const target = { data: out.subarray((i * out.length) / count, ((i + 1) * out.length) / count), height: outHeight, width: outWidth };
      resampleFloat(source, box, target);
    }
    batch.images = { shape: [count, outHeight, outWidth, channels], dtype: "float32", data: out };
  };
}

export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Ten tries for a box that fits; then the largest one in the middle whose shape is allowed. */
function drawBox(
  { height, width, area, aspect }: { height: number; width: number; area: Range; aspect: Range },
  draw: (range: Range) => number,
  below: (high: number) => number,
): Box {
  for (let attempt = 0; attempt < 10; attempt++) {
    const pixels = draw(area) * height * width;
    const ratio = Math.exp(draw([Math.log(aspect[0]), Math.log(aspect[1])]));
    const boxWidth = Math.round(Math.sqrt(pixels * ratio));
    const boxHeight = Math.round(Math.sqrt(pixels / ratio));
    if (boxWidth < 1 || boxHeight < 1 || boxWidth > width || boxHeight > height) continue;
    return { top: below(height - boxHeight + 1), left: below(width - boxWidth + 1), height: boxHeight, width: boxWidth };
  }
  const ratio = Math.min(aspect[1], Math.max(aspect[0], width / height));
  const boxWidth = Math.min(width, Math.max(1, Math.round(height * ratio)));
  const boxHeight = Math.min(height, Math.max(1, Math.round(width / ratio)));
  return { top: (height - boxHeight) >> 1, left: (width - boxWidth) >> 1, height: boxHeight, width: boxWidth };
}
