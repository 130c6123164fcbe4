/** Resizing of signals `[B, L, C]`, images `[B, H, W, C]` and volumes `[B, D, H, W, C]`, axis by axis: each result row is a weighted sum of a few rows. */

import { OptionError, ShapeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { requireFloat, requireTensor } from "./apply.ts";
import { add, mul } from "./arithmetic.ts";
import { tensor } from "./creation.ts";
import { gather } from "./gather.ts";

export type ResizeMode = "nearest" | "nearest-exact" | "bilinear" | "bicubic";

export interface ResizeOptions {
  /** Of the result: height and width of images, one length of signals, depth, height and width of volumes. */
  readonly size: readonly number[];
  /** `nearest` takes the source row at or before, as PyTorch's does; `nearest-exact` the one whose centre is nearest, as Pillow's. Default `bilinear`. */
  readonly mode?: ResizeMode;
  /** Map corner pixels onto corner pixels, instead of image borders onto image borders. Default false. */
  readonly alignCorners?: boolean;
}

/** One result row: indices of source rows, and their weights. */
type Tap = readonly (readonly [index: number, weight: number])[];

/** As torch.nn.functional.interpolate, without antialiasing; its `linear` and `trilinear` are `bilinear` here. */
export function resize(x: Tensor, { size, mode = "bilinear", alignCorners = false }: ResizeOptions): Tensor {
  requireTensor("resize", x);
  if (x.rank < 3 || x.rank !== size.length + 2) {
    throw new ShapeError(
      `resize: expected images [B, H, W, C] for a size of two numbers (signals one, volumes three), got ${formatShape(x.shape)} and ${formatShape(size)}.`,
    );
  }
  if (!["nearest", "nearest-exact", "bilinear", "bicubic"].includes(mode)) {
    throw new OptionError(`resize: expected mode "nearest", "nearest-exact", "bilinear" or "bicubic", got ${JSON.stringify(mode)}.`);
  }
  // A weighted sum of labels is no label.
  if (!mode.startsWith("nearest")) requireFloat(`resize, ${mode}`, x);
  if (size.some((length) => !Number.isInteger(length) || length < 1)) {
    throw new OptionError(`resize: expected a size of whole numbers ≥ 1, got ${formatShape(size)}.`);
  }
  if (x.shape.slice(1, -1).includes(0))
    throw new ShapeError(`resize: expected at least one pixel along each axis, got ${formatShape(x.shape)}.`);
  return size.reduce((y, length, i) => {
    const axis = i + 1;
    const from = x.shape[axis]!;
    if (from === length) return y;
    const taps = Array.from({ length }, (_, row) => rowTaps(row, { from, to: length, mode, alignCorners }));
    const count = taps[0]!.length;
    const parts = Array.from({ length: count }, (_, tap) => {
      const rows = gather(y, tensor(Int32Array.from(taps, (weights) => weights[tap]![0])), { axis });
      if (count === 1) return rows;
      const weights = Float64Array.from(taps, (row) => row[tap]![1]);
      return mul(rows, tensor({ data: weights, dtype: "float64", shape: [length, ...x.shape.slice(axis + 1).map(() => 1)] }));
    });
    return parts.reduce((total, part) => add(total, part));
  }, x);
}

function rowTaps(
  row: number,
  { from, to, mode, alignCorners }: { from: number; to: number; mode: ResizeMode; alignCorners: boolean },
): Tap {
  const clamp = (i: number): number => Math.min(Math.max(i, 0), from - 1);
  if (mode === "nearest") return [[clamp(Math.floor((row * from) / to)), 1]];
  if (mode === "nearest-exact") return [[clamp(Math.floor(((row + 0.5) * from) / to)), 1]];
  const exact = alignCorners ? (to === 1 ? 0 : (row * (from - 1)) / (to - 1)) : ((row + 0.5) * from) / to - 0.5;
  const position = mode === "bilinear" && !alignCorners ? Math.max(0, exact) : exact;
  const start = Math.floor(position);
  const t = position - start;
  if (mode === "bilinear")
    return [
      [clamp(start), 1 - t],
      [clamp(start + 1), t],
    ];
  return [-1, 0, 1, 2].map((offset) => [clamp(start + offset), cubic(Math.abs(t - offset))] as const);
}

/** Keys 1981, "Cubic convolution interpolation", with a = −¾ as in PyTorch. */
function cubic(distance: number): number {
  const a = -0.75;
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  if (distance < 2) return ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a;
  return 0;
}
