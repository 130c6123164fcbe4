/** Shifts images by padding them and cutting out the old size again. Krizhevsky, Sutskever, Hinton 2012, section 4.1; He et al. 2015, section 4.2. */

import { OptionError } from "@dl/core";
import { imagesOf } from "./image-batch.ts";
import type { ImageBatch, Transform } from "./transform.ts";

export interface PadCropOptions {
  /** Pixels added at every side: images move by up to as many. */
  padding: number;
  /** What lies outside: zeros, or the image mirrored at its border pixel. Default `"zero"`. */
  mode?: "zero" | "reflect" | undefined;
}

/**
 * Moves each image by a random whole number of pixels in [−padding, padding], down and across, in place. Random: `batches` needs an `rng`.
 *
 * Zeros are zeros of the batch as it is: before `normalize` they are black, after it they are the mean.
 */
export function padCrop({ padding, mode = "zero" }: PadCropOptions): Transform<ImageBatch> {
  checkPadCrop("padCrop", { padding, mode });
  return (batch, { rng }) => {
    const { data, count, height, width, channels } = imagesOf("padCrop", batch);
    if (mode === "reflect") checkReflected("padCrop", { padding, height, width });
    const rowSize = width * channels;
    const original = new Float32Array(height * rowSize);
    for (let image = 0; image < count; image++) {
      const stream = rng(image);
      const down = stream.integer(0, 2 * padding + 1) - padding;
      const across = stream.integer(0, 2 * padding + 1) - padding;
      if (down === 0 && across === 0) continue;
      const start = image * original.length;
      original.set(data.subarray(start, start + original.length));
      for (let y = 0; y < height; y++) {
        const to = start + y * rowSize;
        const source = mode === "reflect" ? reflect(y + down, height) : y + down;
        if (source < 0 || source >= height) {
          data.fill(0, to, to + rowSize);
          continue;
        }
        const from = source * rowSize;
        // The columns that stay inside move as one run; those before and after it are filled.
        const first = Math.min(width, Math.max(0, -across));
        const last = Math.max(first, Math.min(width, width - across));
        const run = from + across * channels;
        data.set(original.subarray(run + first * channels, run + last * channels), to + first * channels);
        if (mode === "zero") {
          data.fill(0, to, to + first * channels);
          data.fill(0, to + last * channels, to + rowSize);
          continue;
        }
        for (let x = 0; x < width; x++) {
          if (x === first) x = last;
          if (x >= width) break;
          const column = from + reflect(x + across, width) * channels;
          for (let c = 0; c < channels; c++) data[to + x * channels + c] = original[column + c]!;
        }
      }
    }
  };
}

export function checkPadCrop(where: string, { padding, mode }: { padding: number; mode: string }): void {
  if (!Number.isInteger(padding) || padding < 0) throw new OptionError(`${where}: expected a whole padding of at least 0, got ${padding}.`);
  if (mode !== "zero" && mode !== "reflect") throw new OptionError(`${where}: expected mode "zero" or "reflect", got ${String(mode)}.`);
}

/** Of a mirrored image there is only so much. */
export function checkReflected(where: string, { padding, height, width }: { padding: number; height: number; width: number }): void {
  if (padding < Math.min(height, width)) return;
  throw new OptionError(`${where}: expected a reflected padding below the image's size ${height} × ${width}, got ${padding}.`);
}

/** `at` mirrored into [0, size), the border pixel not repeated; for distances below the size. */
export function reflect(at: number, size: number): number {
  return at < 0 ? -at : at >= size ? 2 * (size - 1) - at : at;
}
