/** Attributions as one number a pixel. */

import { DataError, type HostTensor, OptionError, ShapeError } from "@dl/core";

export interface HeatMapOptions {
  /** What becomes of the channels: the largest |value|, the sum of |values|, or the sum. Default `max`. */
  readonly channels?: "max" | "sum" | "signed";
  /** Values beyond this percentile of |values| are as hot as it. Default 99: one bright pixel does not darken the rest. */
  readonly percentile?: number;
}

/**
 * `[H, W]` or `[H, W, C]` → `[H, W]` from 0 to 1, or with `signed` from −1 to 1. All zeros stay zeros.
 *
 * @throws DataError for NaN and infinities, which would blacken the whole map.
 * @example
 * heatMap(fromNested([[1, -4], [2, 0]]), { percentile: 100 }).data; // 0.25, 1, 0.5, 0
 */
export function heatMap(attributions: HostTensor, { channels = "max", percentile = 99 }: HeatMapOptions = {}): HostTensor {
  const [height, width, depth = 1] = attributions.shape;
  if (height === undefined || width === undefined || attributions.shape.length > 3 || attributions.data.length === 0) {
    throw new ShapeError(`heatMap: expected attributions [H, W] or [H, W, C], got [${attributions.shape.join(", ")}].`);
  }
  if (!(percentile > 0 && percentile <= 100)) throw new OptionError(`heatMap: expected a percentile above 0 up to 100, got ${percentile}.`);
  if (channels !== "max" && channels !== "sum" && channels !== "signed") {
    throw new OptionError(`heatMap: expected channels max, sum or signed, got ${String(channels)}.`);
  }
  const odd = attributions.data.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0)
    throw new DataError(`heatMap: expected finite attributions, got ${attributions.data[odd]} at ${odd}. Look at the model's scores.`);
  const values = new Float32Array(height * width);
  for (let i = 0; i < attributions.data.length; i++) {
    const value = attributions.data[i]!;
    const pixel = Math.floor(i / depth);
    if (channels === "max") values[pixel] = Math.max(values[pixel]!, Math.abs(value));
    else values[pixel]! += channels === "sum" ? Math.abs(value) : value;
  }
  const sorted = values.map(Math.abs).sort();
  const most = sorted[Math.min(sorted.length - 1, Math.ceil((percentile / 100) * sorted.length) - 1)]! || sorted.at(-1)!;
  const data = most === 0 ? values : values.map((value) => Math.min(1, Math.max(-1, value / most)));
  return { shape: [height, width], dtype: "float32", data };
}
