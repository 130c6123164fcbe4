/** A weight as small integers and scales: one scale an output channel, or one for each group of its inputs. */

import { type HostTensor, hostTensor, OptionError, type Shape, sizeOf, stridesOf } from "@dl/core";
import { type IntegerRange, leastScale, roundToEven, type WeightBits, weightIntegers } from "./integers.ts";

export interface QuantisedWeight {
  readonly shape: Shape;
  readonly bits: WeightBits;
  /** Axis of the output channels. */
  readonly axis: number;
  /** So many values of a channel, in the order of memory, share a scale. */
  readonly group: number;
  /** In the order of memory. */
  readonly values: Int8Array;
  /** `[groups, channels]`, each above 0. */
  readonly scales: Float32Array;
}

export interface QuantiseWeightOptions {
  /** Default 8. */
  readonly bits?: WeightBits;
  /** Axis of the output channels. Default the last. */
  readonly axis?: number;
  /** Values of a channel that share a scale. Default all. */
  readonly group?: number;
  /** `max`: the largest value is the largest integer. `mse`: a smaller scale where cutting the largest costs less than it saves. Default `max`. */
  readonly range?: "max" | "mse";
}

/** Where each element's scale is, and how many scales there are. */
export interface ScaleLayout {
  readonly channels: number;
  readonly groups: number;
  /** Values of one channel. */
  readonly rows: number;
  scaleAt(element: number): number;
}

export function scaleLayout(shape: Shape, { axis, group }: Pick<QuantisedWeight, "axis" | "group">): ScaleLayout {
  const channels = shape[axis]!;
  const rows = sizeOf(shape) / Math.max(1, channels);
  const step = stridesOf(shape)[axis]!;
  return {
    channels,
    rows,
    groups: Math.max(1, Math.ceil(rows / group)),
    scaleAt: (element) => {
      const row = Math.floor(element / (step * channels)) * step + (element % step);
      return Math.floor(row / group) * channels + (Math.floor(element / step) % channels);
    },
  };
}

/**
 * Rounds a weight, symmetrically.
 *
 * @throws OptionError for a weight with values that are no numbers.
 * @example
 * const { values, scales } = quantiseWeight(fromNested([[1.27, -4], [0.3, 2]]));
 * values; // [127, -127, 30, 64]
 */
export function quantiseWeight({ shape, data }: HostTensor, options: QuantiseWeightOptions = {}): QuantisedWeight {
  const { bits = 8, axis = shape.length - 1, range = "max" } = options;
  const integers = weightIntegers[bits] as IntegerRange | undefined;
  if (integers === undefined) throw new OptionError(`quantiseWeight: expected 8 or 4 bits, got ${String(bits)}.`);
  if (!(Number.isInteger(axis) && axis >= 0 && axis < shape.length)) {
    throw new OptionError(`quantiseWeight: expected an axis of [${shape.join(", ")}], got ${axis}.`);
  }
  const group = options.group ?? Math.max(1, sizeOf(shape) / Math.max(1, shape[axis]!));
  if (!Number.isInteger(group) || group < 1) throw new OptionError(`quantiseWeight: expected a whole group ≥ 1, got ${group}.`);
  if (range !== "max" && range !== "mse") throw new OptionError(`quantiseWeight: expected range max or mse, got ${String(range)}.`);
  const layout = scaleLayout(shape, { axis, group });
  const largest = new Float64Array(layout.groups * layout.channels);
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i]!)) throw new OptionError(`quantiseWeight: expected finite weights, got ${data[i]} at ${i}.`);
    const at = layout.scaleAt(i);
    largest[at] = Math.max(largest[at]!, Math.abs(data[i]!));
  }
  const { high } = integers;
  let scales = Float32Array.from(largest, (value) => Math.max(leastScale, value / high));
  if (range === "mse") scales = leastError(data, { layout, scales, high });
  const values = Int8Array.from(data, (value, i) => rounded(value / scales[layout.scaleAt(i)]!, high));
  return { shape, bits, axis, group, values, scales };
}

/** Scales from the whole down to a half of the largest value's, each the one of least squared error. */
function leastError(
  data: ArrayLike<number>,
  { layout, scales, high }: { layout: ScaleLayout; scales: Float32Array; high: number },
): Float32Array<ArrayBuffer> {
  const best = new Float32Array(scales);
  const least = new Float64Array(scales.length).fill(Number.POSITIVE_INFINITY);
  for (let share = 100; share >= 50; share -= 2) {
    const candidates = scales.map((scale) => Math.max(leastScale, (scale * share) / 100));
    const errors = new Float64Array(scales.length);
    for (let i = 0; i < data.length; i++) {
      const at = layout.scaleAt(i);
      const scale = candidates[at]!;
      errors[at]! += (data[i]! - scale * rounded(data[i]! / scale, high)) ** 2;
    }
    for (let at = 0; at < scales.length; at++) {
      if (errors[at]! >= least[at]!) continue;
      least[at] = errors[at]!;
      best[at] = candidates[at]!;
    }
  }
  return best;
}

function rounded(value: number, high: number): number {
  return Math.max(-high, Math.min(high, roundToEven(value)));
}

/** A weight rounded with scales that are given, `[channels]`: those that training has learned. */
export function roundWith(
  { shape, data }: HostTensor,
  scales: Float32Array,
  { bits, axis }: Pick<QuantisedWeight, "bits" | "axis">,
): QuantisedWeight {
  const group = Math.max(1, sizeOf(shape) / Math.max(1, shape[axis]!));
  const { scaleAt } = scaleLayout(shape, { axis, group });
  const { high } = weightIntegers[bits];
  const values = Int8Array.from(data, (value, i) => rounded(value / scales[scaleAt(i)]!, high));
  return { shape, bits, axis, group, values, scales };
}

/** The floats that the integers stand for. */
export function dequantise({ shape, axis, group, values, scales }: QuantisedWeight): HostTensor {
  const { scaleAt } = scaleLayout(shape, { axis, group });
  return hostTensor(
    Float32Array.from(values, (value, i) => value * scales[scaleAt(i)]!),
    shape,
  );
}
