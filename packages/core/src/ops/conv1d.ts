/** Convolution over sequences `[B, T, C]` and its transpose: those of images one pixel high. */

import { ShapeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { requireFloat } from "./apply.ts";
import { conv2d, convTranspose2d } from "./conv2d.ts";
import { reshape } from "./reshape.ts";
import type { WindowPadding } from "./windows.ts";

/** `[before, after]`, a number for both, or a word. */
export type SequencePadding = "same" | "valid" | number | readonly [number, number];

export interface Conv1dOptions {
  /** Default 1. */
  readonly stride?: number;
  /** Default `valid`. */
  readonly padding?: SequencePadding;
  /** Default 1. */
  readonly dilation?: number;
  /** Default 1. */
  readonly groups?: number;
  /** `[out]`. */
  readonly bias?: Tensor | undefined;
}

/** `x [B, T, in]`, `weight [k, in / groups, out]` → `[B, T', out]`. */
export function conv1d(x: Tensor, weight: Tensor, { stride = 1, padding = "valid", dilation = 1, ...rest }: Conv1dOptions = {}): Tensor {
  requireSequences("conv1d", x, weight, "[k, in / groups, out]");
  const windows = { stride: [1, stride], dilation: [1, dilation], padding: imagePadding(padding) } as const;
  return asSequences(conv2d(asImages(x), reshape(weight, [1, ...weight.shape]), { ...windows, ...rest }));
}

export interface ConvTranspose1dOptions extends Conv1dOptions {
  /** Added to the end of the result; not with padding `same`. Default 0. */
  readonly outputPadding?: number;
}

/**
 * Transposed convolution: what `conv1d` does to gradients, forward. With padding `same`, the result is `stride` times as long.
 *
 * @param x       `[B, T, in]`
 * @param weight  `[k, out / groups, in]`: the weight of the convolution that maps the result back to x
 * @returns `[B, T', out]`
 */
export function convTranspose1d(
  x: Tensor,
  weight: Tensor,
  { stride = 1, padding = "valid", dilation = 1, outputPadding = 0, ...rest }: ConvTranspose1dOptions = {},
): Tensor {
  requireSequences("convTranspose1d", x, weight, "[k, out / groups, in]");
  const windows = {
    stride: [1, stride],
    dilation: [1, dilation],
    padding: imagePadding(padding),
    outputPadding: [0, outputPadding],
  } as const;
  return asSequences(convTranspose2d(asImages(x), reshape(weight, [1, ...weight.shape]), { ...windows, ...rest }));
}

function requireSequences(name: string, x: Tensor, weight: Tensor, layout: string): void {
  requireFloat(name, x, weight);
  if (x.rank === 3 && weight.rank === 3) return;
  throw new ShapeError(
    `${name}: expected x [B, T, in] and weight ${layout}, got ${formatShape(x.shape)} and ${formatShape(weight.shape)}.`,
  );
}

function imagePadding(padding: SequencePadding): WindowPadding {
  if (typeof padding === "string") return padding;
  return [[0, 0], typeof padding === "number" ? [padding, padding] : padding];
}

/** `[B, T, C]` → `[B, 1, T, C]`. */
function asImages(x: Tensor): Tensor {
  return reshape(x, [x.shape[0]!, 1, x.shape[1]!, x.shape[2]!]);
}

/** `[B, 1, T, C]` → `[B, T, C]`. */
function asSequences(x: Tensor): Tensor {
  return reshape(x, [x.shape[0]!, x.shape[2]!, x.shape[3]!]);
}
