/** Scores of one example with some of its segments taken away, many at a time: what LIME, SHAP and ablation ask for. */

import {
  argmax,
  type Device,
  DtypeError,
  formatShape,
  type HostTensor,
  hostTensor,
  OptionError,
  ShapeError,
  sameShape,
  type Tensor,
  tensor,
} from "@dl/core";
import { type Forward, targetScores } from "../target.ts";
import { readSegments } from "./segments.ts";

export interface SegmentOptions {
  readonly device: Device;
  readonly forward: Forward;
  /** int32, of the leading axes of the example, numbered from 0: `gridSegments`, or any other. */
  readonly segments: HostTensor;
  /** Default: the best-scored class of the whole example. */
  readonly target?: number;
  /** What stands where a segment was taken away: an example, or one value, such as the id of `[MASK]`. Default 0. */
  readonly baseline?: HostTensor | number;
  /** Examples a forward pass. Default 64. */
  readonly batchSize?: number;
}

export interface Coalitions {
  readonly segmentCount: number;
  readonly target: number;
  /** The target's scores, for rows of 0 (away) and 1 (there). */
  score(rows: readonly Uint8Array[]): Promise<Float64Array>;
}

/** @param example  One example, without the batch axis: `[H, W, C]`. */
export async function coalitions(where: string, example: HostTensor, options: SegmentOptions): Promise<Coalitions> {
  const { device, forward, segments, baseline = 0, batchSize = 64 } = options;
  const { count, repeat } = readSegments(where, segments, example.shape);
  if (typeof baseline !== "number" && !sameShape(baseline.shape, example.shape)) {
    throw new ShapeError(
      `${where}: expected a baseline of the example's shape ${formatShape(example.shape)}, got ${formatShape(baseline.shape)}.`,
    );
  }
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new OptionError(`${where}: expected a batchSize of at least 1, got ${batchSize}.`);
  // Ids of tokens stay ids.
  const isWhole = example.dtype === "int32";
  const lone = typeof baseline === "number" ? baseline : baseline.data.find((value) => !Number.isInteger(value));
  if (isWhole && lone !== undefined && !Number.isInteger(lone)) {
    throw new DtypeError(`${where}: expected a baseline of whole numbers, as the example is int32, got ${lone}.`);
  }
  const away = (i: number): number => (typeof baseline === "number" ? baseline : baseline.data[i]!);
  const batchOf = (rows: readonly Uint8Array[]): HostTensor => {
    const size = rows.length * example.data.length;
    const data = isWhole ? new Int32Array(size) : new Float32Array(size);
    let at = 0;
    for (const row of rows) {
      for (let i = 0; i < example.data.length; i++)
        data[at++] = row[segments.data[Math.floor(i / repeat)]!] === 1 ? example.data[i]! : away(i);
    }
    return hostTensor(data, [rows.length, ...example.shape]);
  };
  const whole = batchOf([new Uint8Array(count).fill(1)]);
  const scoresOf = (rows: HostTensor): Tensor => {
    const scores = forward(tensor(rows));
    if (scores.rank !== 2 || scores.shape[0] !== rows.shape[0]) {
      throw new ShapeError(
        `${where}: expected scores [${rows.shape[0]}, classes] of the model, got ${formatShape(scores.shape)}. Return its logits.`,
      );
    }
    return scores;
  };
  const target = options.target ?? ((await device.compute(() => argmax(scoresOf(whole), -1))) as HostTensor).data[0]!;
  return {
    segmentCount: count,
    target,
    async score(rows) {
      const scores = new Float64Array(rows.length);
      for (let start = 0; start < rows.length; start += batchSize) {
        const part = rows.slice(start, start + batchSize);
        const values = (await device.compute(() => targetScores(where, scoresOf(batchOf(part)), { target }))) as HostTensor;
        scores.set(values.data as Float32Array, start);
      }
      return scores;
    },
  };
}
