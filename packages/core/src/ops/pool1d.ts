/** Pooling over windows of sequences `[B, T, C]`. */

import { OptionError, ShapeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { averagePool2d, maxPool2d, type PoolOptions } from "./pool.ts";
import { reshape } from "./reshape.ts";

export interface Pool1dOptions {
  /** Window size. */
  readonly kernelSize: number;
  /** Default the window's size. */
  readonly stride?: number;
  /** `[before, after]`, a number for both, or a word. Default `valid`. */
  readonly padding?: "same" | "valid" | number | readonly [number, number];
  /** Count a last window that hangs over the end. Default false. */
  readonly ceil?: boolean;
}

export interface AveragePool1dOptions extends Pool1dOptions {
  /** Padding counts as zeros; else it is left out of the divisor. Default false. */
  readonly countPadding?: boolean;
}

/** The largest of each window: `[B, T, C]` → `[B, T', C]`; the gradient goes to the first of equals. */
export function maxPool1d(x: Tensor, options: Pool1dOptions & { readonly dilation?: number }): Tensor {
  const { dilation = 1 } = options;
  return asRow("maxPool1d", x, options, (row, across) => maxPool2d(row, { ...across, dilation: [1, dilation] }));
}

/** The mean of each window: `[B, T, C]` → `[B, T', C]`. */
export function averagePool1d(x: Tensor, { countPadding = false, ...options }: AveragePool1dOptions): Tensor {
  return asRow("averagePool1d", x, options, (row, across) => averagePool2d(row, { ...across, countPadding }));
}

/** A sequence is an image of one row. */
function asRow(
  where: string,
  x: Tensor,
  { kernelSize, stride = kernelSize, padding = "valid", ceil = false }: Pool1dOptions,
  pool: (row: Tensor, across: PoolOptions) => Tensor,
): Tensor {
  if (x.rank !== 3) throw new ShapeError(`${where}: expected sequences [B, T, C], got ${formatShape(x.shape)}.`);
  for (const [name, value] of Object.entries({ kernelSize, stride })) {
    if (!Number.isInteger(value) || value < 1)
      throw new OptionError(`${where}: expected ${name}, a whole number ≥ 1, got ${String(value)}.`);
  }
  const sides = typeof padding === "number" ? ([padding, padding] as const) : padding;
  const [batch, time, channels] = x.shape as readonly [number, number, number];
  const y = pool(reshape(x, [batch, 1, time, channels]), {
    ...{ kernelSize: [1, kernelSize], stride: [1, stride], ceil },
    padding: typeof sides === "string" ? sides : [[0, 0], sides],
  });
  return reshape(y, [batch, y.shape[2]!, channels]);
}
