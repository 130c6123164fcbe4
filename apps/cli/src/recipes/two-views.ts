/** Two random views of each image, as SimCLR has them for small images. Chen et al. 2020, arXiv:2002.05709, appendices A and B.9. */

import { type HostTensor, hostTensor, type Rng } from "@dl/core";
import type { Example, Transform } from "@dl/data";

export interface ViewOptions {
  /** Share of the image's area that a view shows, least and most. Default [0.2, 1]. */
  area?: readonly [number, number];
  /** Of colour changes. Default 0.5. */
  strength?: number;
}

/** Puts `first` and `second` `[B, H, W, 3]` beside `images`, float32 in [0, 1]. Random. */
export function twoViews({ area = [0.2, 1], strength = 0.5 }: ViewOptions = {}): Transform<Example> {
  return (batch, { rng }) => {
    const { shape, data } = batch.images!;
    const [count, height, width] = shape as [number, number, number];
    const each = height * width * 3;
    const views = [new Float32Array(data.length), new Float32Array(data.length)] as const;
    for (let row = 0; row < count; row++) {
      const stream = rng(row);
      const image = (data as Float32Array).subarray(row * each, row * each + each);
      for (const view of views) {
        const crop = randomCrop(image, { height, width, area, rng: stream });
        changeColours(crop, { strength, rng: stream });
        view.set(crop, row * each);
      }
    }
    const tensorOf = (view: Float32Array): HostTensor => hostTensor(view, shape);
    batch.first = tensorOf(views[0]);
    batch.second = tensorOf(views[1]);
  };
}

/** A part of the image, of 3/4 to 4/3 its shape, brought to its size; mirrored half the time. */
function randomCrop(
  image: Float32Array,
  { height, width, area: [least, most], rng }: { height: number; width: number; area: readonly [number, number]; rng: Rng },
): Float32Array {
  const share = rng.float(least, most);
  const aspect = Math.exp(rng.float(Math.log(3 / 4), Math.log(4 / 3)));
  const tall = Math.min(1, Math.sqrt(share / aspect)) * height;
  const wide = Math.min(1, Math.sqrt(share * aspect)) * width;
  const [top, left] = [rng.float(0, height - tall), rng.float(0, width - wide)];
  const mirrored = rng.float() < 0.5;
  const view = new Float32Array(image.length);
  for (let y = 0; y < height; y++) {
    const fromY = Math.min(height - 1, Math.max(0, top + ((y + 0.5) * tall) / height - 0.5));
    const [y0, fy] = [Math.floor(fromY), fromY % 1];
    const y1 = Math.min(height - 1, y0 + 1);
    for (let x = 0; x < width; x++) {
      const at = mirrored ? width - 1 - x : x;
      const fromX = Math.min(width - 1, Math.max(0, left + ((at + 0.5) * wide) / width - 0.5));
      const [x0, fx] = [Math.floor(fromX), fromX % 1];
      const x1 = Math.min(width - 1, x0 + 1);
      for (let c = 0; c < 3; c++) {
        const pixel = (row: number, column: number): number => image[(row * width + column) * 3 + c]!;
        const upper = pixel(y0, x0) * (1 - fx) + pixel(y0, x1) * fx;
        const lower = pixel(y1, x0) * (1 - fx) + pixel(y1, x1) * fx;
        view[(y * width + x) * 3 + c] = upper * (1 - fy) + lower * fy;
      }
    }
  }
  return view;
}

/** Brightness, contrast, saturation and hue four times of five, and no colour at all once of five; in place. */
function changeColours(image: Float32Array, { strength, rng }: { strength: number; rng: Rng }): void {
  const jitter = rng.float() < 0.8;
  const factor = (): number => rng.float(1 - 0.8 * strength, 1 + 0.8 * strength);
  const [brightness, contrast, saturation] = [factor(), factor(), factor()];
  const turn = 2 * Math.PI * rng.float(-0.2 * strength, 0.2 * strength);
  const grey = rng.float() < 0.2;
  if (jitter) {
    let mean = 0;
    for (let i = 0; i < image.length; i += 3) mean += (lightness(image, i) * brightness) / (image.length / 3);
    const [sin, cos] = [Math.sin(turn), Math.cos(turn)];
    for (let i = 0; i < image.length; i += 3) {
      for (let c = 0; c < 3; c++) image[i + c] = (image[i + c]! * brightness - mean) * contrast + mean;
      // Lightness stays; the two differences from it turn, as hue, and grow, as saturation.
      const light = lightness(image, i);
      const [r, g, b] = [image[i]! - light, image[i + 1]! - light, image[i + 2]! - light];
      const orange = saturation * (0.596 * r - 0.274 * g - 0.322 * b);
      const purple = saturation * (0.211 * r - 0.523 * g + 0.312 * b);
      const [u, v] = [cos * orange - sin * purple, sin * orange + cos * purple];
      image[i] = light + 0.956 * u + 0.621 * v;
      image[i + 1] = light - 0.272 * u - 0.647 * v;
      image[i + 2] = light - 1.106 * u + 1.703 * v;
    }
  }
  if (grey) for (let i = 0; i < image.length; i += 3) image.fill(lightness(image, i), i, i + 3);
  for (let i = 0; i < image.length; i++) image[i] = Math.min(1, Math.max(0, image[i]!));
}

function lightness(image: Float32Array, i: number): number {
  return 0.299 * image[i]! + 0.587 * image[i + 1]! + 0.114 * image[i + 2]!;
}
