/** Samples side by side, in one picture. */

import { type HostTensor, OptionError, ShapeError } from "@dl/core";
import { type PixelRange, type Pixels, pixelsOf } from "@dl/train";

export interface GridOptions extends PixelRange {
  /** Images in a row. Default: as many as make the grid square. */
  columns?: number;
  /** Dark pixels between images. Default 2. */
  gap?: number;
}

/**
 * Images `[N, H, W, C]` as one, row by row. `low` and `high` become black and white; default −1 and 1, as tanh gives them.
 *
 * @example
 * const { width, height } = imageGrid(rng.uniform([6, 28, 28, 1], -1, 1), { columns: 3 });
 * width; // 88
 */
export function imageGrid(images: HostTensor, { columns, gap = 2, low = -1, high = 1 }: GridOptions = {}): Pixels {
  const [count = 0, height = 0, width = 0, channels = 0] = images.shape;
  if (images.shape.length !== 4 || count < 1) {
    throw new ShapeError(`imageGrid: expected images [N, H, W, C], got [${images.shape.join(", ")}].`);
  }
  const across = columns ?? Math.ceil(Math.sqrt(count));
  if (!Number.isInteger(across) || across < 1 || !Number.isInteger(gap) || gap < 0) {
    throw new OptionError(`imageGrid: expected whole columns ≥ 1 and a whole gap ≥ 0, got ${across} and ${gap}.`);
  }
  const down = Math.ceil(count / across);
  const whole = { width: across * (width + gap) - gap, height: down * (height + gap) - gap };
  const data = new Uint8Array(whole.width * whole.height * channels);
  const size = height * width * channels;
  for (let i = 0; i < count; i++) {
    const image = pixelsOf(
      { ...images, shape: [height, width, channels], data: images.data.slice(i * size, (i + 1) * size) },
      { low, high },
    );
    const [row, column] = [Math.floor(i / across) * (height + gap), (i % across) * (width + gap)];
    for (let y = 0; y < height; y++) {
      const line = image.data.subarray(y * width * channels, (y + 1) * width * channels);
      data.set(line, ((row + y) * whole.width + column) * channels);
    }
  }
  return { ...whole, channels: channels as Pixels["channels"], data };
}
