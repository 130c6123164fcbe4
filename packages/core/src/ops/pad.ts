/** Padding around, and between, elements. */

import { OptionError } from "../errors.ts";
import { differentiable } from "../recording.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { apply, requireTensor } from "./apply.ts";
import { tensor } from "./creation.ts";
import { gather } from "./gather.ts";
import { slice } from "./slice.ts";

/** Elements before and after, per axis. */
export type Padding = readonly (readonly [before: number, after: number])[];

export interface PadOptions {
  /** `constant` fills with `value`; `reflect` mirrors without repeating the border; `replicate` repeats the border; `circular` goes on at the other side. Default `constant`. */
  readonly mode?: "constant" | "reflect" | "replicate" | "circular";
  /** Default 0. */
  readonly value?: number;
}

/**
 * @example
 * pad(images, [[0, 0], [4, 4], [4, 4], [0, 0]], { mode: "reflect" }); // [B, H + 8, W + 8, C]
 */
export function pad(x: Tensor, padding: Padding, { mode = "constant", value = 0 }: PadOptions = {}): Tensor {
  requireTensor("pad", x);
  if (padding.length !== x.rank || padding.flat().some((count) => !Number.isInteger(count) || count < 0)) {
    throw new OptionError(
      `pad: expected ${x.rank} pairs of whole numbers ≥ 0, one per axis of ${formatShape(x.shape)}, got ${JSON.stringify(padding)}.`,
    );
  }
  if (mode === "constant") {
    return padWith(x, {
      before: padding.map(([before]) => before),
      after: padding.map(([, after]) => after),
      between: x.shape.map(() => 0),
      value,
    });
  }
  if (mode !== "reflect" && mode !== "replicate" && mode !== "circular") {
    throw new OptionError(
      `pad: expected mode "constant", "reflect", "replicate" or "circular", got ${JSON.stringify(mode satisfies never)}.`,
    );
  }
  // What lies outside are rows of x again: one gather per padded axis.
  return padding.reduce((y, [before, after], axis) => {
    if (before + after === 0) return y;
    const length = x.shape[axis]!;
    if (length === 0)
      throw new OptionError(`pad: expected elements to repeat along axis ${axis} (mode ${mode}), got ${formatShape(x.shape)}.`);
    if (mode === "reflect" && Math.max(before, after) >= length) {
      throw new OptionError(
        `pad: expected less padding than elements to mirror along axis ${axis} (${length}), got [${before}, ${after}].`,
      );
    }
    const source = (i: number): number => {
      if (mode === "replicate") return Math.min(Math.max(i, 0), length - 1);
      if (mode === "circular") return ((i % length) + length) % length;
      const folded = Math.abs(i);
      return folded < length ? folded : 2 * (length - 1) - folded;
    };
    return gather(y, tensor(Int32Array.from({ length: before + length + after }, (_, i) => source(i - before))), { axis });
  }, x);
}

/** Constant padding with gaps between elements: the way back of a slice with steps. */
export function padWith(
  x: Tensor,
  { before, after, between, value }: { before: readonly number[]; after: readonly number[]; between: readonly number[]; value: number },
): Tensor {
  const shape = x.shape.map((length, axis) => before[axis]! + length + Math.max(0, length - 1) * between[axis]! + after[axis]!);
  if (shape.every((length, axis) => length === x.shape[axis])) return x;
  const y = apply("pad", { shape, dtype: x.dtype }, (kernels) => kernels.pad(x, before, after, between, value));
  return differentiable(y, [x], [(g) => slice(g, before, { sizes: x.shape, steps: between.map((gap) => gap + 1) })]);
}
