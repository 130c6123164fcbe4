/** For tests: what the tiny model learns from. Workers open it too, so no test library is in it. */

import { type HostTensor, hostTensor, Rng } from "@dl/core";
import { type AnyPipeline, type ArrayDataset, arrayDataset, type Transform } from "@dl/data";

export type Points = { inputs: HostTensor; labels: HostTensor };

/** Points in the plane; class 1 above the diagonal. */
export function pointsOf(count: number, seed = 7): ArrayDataset<"inputs" | "labels"> {
  const inputs = new Rng(seed).normal([count, 2]);
  const labels = Int32Array.from({ length: count }, (_, i) => (inputs.data[2 * i]! > inputs.data[2 * i + 1]! ? 0 : 1));
  return arrayDataset({ inputs, labels: hostTensor(labels, [count]) }, { classNames: ["below", "above"] });
}

/** Moves each point a little: augmentation that draws random numbers. */
export const jitter: Transform<Points> = (batch, { rng }) => {
  const { data } = batch.inputs;
  for (let row = 0; row < data.length / 2; row++) {
    const noise = rng(row).normal([2], 0, 0.05).data;
    for (const axis of [0, 1]) data[2 * row + axis]! += noise[axis]!;
  }
};

export interface PointsInput {
  count: number;
  /** Without augmentation. */
  isPlain?: boolean;
  /** The last label is no class. */
  isWrong?: boolean;
  /** Changes the points of a stream instead of having some. */
  isStream?: boolean;
}

/** The same in a worker. */
export function pipeline({ count, isPlain = false, isWrong = false, isStream = false }: PointsInput): AnyPipeline<Points> {
  if (isStream) return { change: (point: Points) => point };
  const dataset = pointsOf(count);
  if (isWrong) (dataset.columns.labels as HostTensor).data[count - 1] = 2;
  return isPlain ? { dataset } : { dataset, transform: jitter };
}
