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
      const [begin, end] = [row * each, row * each + each];
      const image = (data as Float32Array).subarray(begin, end);
      for (const all of views) {
        const view = all.subarray(begin, end);
        randomCrop(view, image, { height, width, area, rng: stream });
        changeColours(view, { strength, rng: stream });
      }
    }
    const tensorOf = (view: Float32Array): HostTensor => hostTensor(view, shape);
    batch.first = tensorOf(views[0]);
    batch.second = tensorOf(views[1]);
  };
}

interface CropOptions extends Required<Pick<ViewOptions, "area">> {
  height: number;
  width: number;
  rng: Rng;
}

/** A part of the image, of 3/4 to 4/3 its shape, brought to the size of `view`; mirrored half the time. */
function randomCrop(view: Float32Array, image: Float32Array, { height, width, area: [least, most], rng }: CropOptions): void {
  const share = rng.float(least, most);
  const aspect = Math.exp(rng.float(Math.log(3 / 4), Math.log(4 / 3)));
  const tall = Math.min(1, Math.sqrt(share / aspect)) * height;
  const wide = Math.min(1, Math.sqrt(share * aspect)) * width;
  const rows = placesIn(height, { begin: rng.float(0, height - tall), length: tall, step: width * 3 });
  const columns = placesIn(width, { begin: rng.float(0, width - wide), length: wide, step: 3 });
  if (rng.float() < 0.5) columns.reverse();
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const [upper, lower] = [row.from + column.from, row.to + column.from];
      const right = column.to - column.from;
      for (let c = 0; c < 3; c++) {
        const above = image[upper + c]! * (1 - column.share) + image[upper + right + c]! * column.share;
        const below = image[lower + c]! * (1 - column.share) + image[lower + right + c]! * column.share;
        view[at++] = above * (1 - row.share) + below * row.share;
      }
    }
  }
}

/** Between which two rows or columns a pixel of the view lies, as offsets in the image, and how near it is to the second, 0 to 1. */
interface Place {
  readonly from: number;
  readonly to: number;
  readonly share: number;
}

/** Where `size` pixels lie that show `length` pixels from `begin`. */
function placesIn(size: number, { begin, length, step }: { begin: number; length: number; step: number }): Place[] {
  return Array.from({ length: size }, (_, i) => {
    const at = Math.min(size - 1, Math.max(0, begin + ((i + 0.5) * length) / size - 0.5));
    const from = Math.floor(at);
    return { from: from * step, to: Math.min(size - 1, from + 1) * step, share: at - from };
  });
}

/** How much red, green and blue make a pixel light. */
const lightness = [0.299, 0.587, 0.114] as const;

/** Brightness, contrast, saturation and hue four times of five, and no colour at all once of five; in place. */
function changeColours(image: Float32Array, { strength, rng }: { strength: number; rng: Rng }): void {
  const jitter = rng.float() < 0.8;
  const factor = (): number => rng.float(1 - 0.8 * strength, 1 + 0.8 * strength);
  const [brightness, contrast, saturation] = [factor(), factor(), factor()];
  const turn = 2 * Math.PI * rng.float(-0.2 * strength, 0.2 * strength);
  const grey = rng.float() < 0.2;
  if (!jitter && !grey) return;
  // Contrast is around the mean lightness, which neither saturation nor hue changes: all four are one affine map of a pixel's colours.
  const scale = jitter ? brightness * contrast : 1;
  const offset = jitter ? brightness * meanLightness(image) * (1 - contrast) : 0;
  const [rr, rg, rb, gr, gg, gb, br, bg, bb] = turned(grey ? 0 : saturation, turn).map((value) => value * scale) as Nine;
  for (let i = 0; i < image.length; i += 3) {
    const [r, g, b] = [image[i]!, image[i + 1]!, image[i + 2]!];
    image[i] = Math.min(1, Math.max(0, rr * r + rg * g + rb * b + offset));
    image[i + 1] = Math.min(1, Math.max(0, gr * r + gg * g + gb * b + offset));
    image[i + 2] = Math.min(1, Math.max(0, br * r + bg * g + bb * b + offset));
  }
}

type Nine = [number, number, number, number, number, number, number, number, number];

/** The matrix, by rows, that keeps lightness, and scales a colour's difference from it by `saturation` and turns it by `turn` radians, in YIQ. */
function turned(saturation: number, turn: number): number[] {
  const [sin, cos] = [Math.sin(turn), Math.cos(turn)];
  const orange = [0.596, -0.274, -0.322].map((value) => value * saturation);
  const purple = [0.211, -0.523, 0.312].map((value) => value * saturation);
  const back = [
    [0.956, 0.621],
    [-0.272, -0.647],
    [-1.106, 1.703],
  ] as const;
  return back.flatMap(([i, q]) =>
    lightness.map((light, c) => light + i * (cos * orange[c]! - sin * purple[c]!) + q * (sin * orange[c]! + cos * purple[c]!)),
  );
}

function meanLightness(image: Float32Array): number {
  const [r, g, b] = lightness;
  let sum = 0;
  for (let i = 0; i < image.length; i += 3) sum += r * image[i]! + g * image[i + 1]! + b * image[i + 2]!;
  return sum / (image.length / 3);
}
