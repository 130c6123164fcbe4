/** For tests and demonstrations: mixtures of Gaussians in the plane, on which mode collapse can be counted. Srivastava et al. 2017, arXiv:1705.07761, section 4.1. */

import { type HostTensor, hostTensor, leakyRelu, type Rng, type Tensor } from "@dl/core";
import { type ArrayDataset, arrayDataset } from "@dl/data";
import { Linear, Module } from "@dl/nn";

export interface Mixture {
  readonly centres: readonly (readonly [number, number])[];
  readonly deviation: number;
}

/** Eight on a ring. */
export const ring8: Mixture = {
  centres: Array.from({ length: 8 }, (_, i) => [2 * Math.cos((i * Math.PI) / 4), 2 * Math.sin((i * Math.PI) / 4)] as const),
  deviation: 0.02,
};

/** Twenty-five on a grid. */
export const grid25: Mixture = {
  centres: Array.from({ length: 25 }, (_, i) => [(i % 5) - 2, Math.floor(i / 5) - 2] as const),
  deviation: 0.05,
};

/** Points of a mixture, in the field `points`. */
export function pointsOf({ centres, deviation }: Mixture, { count, rng }: { count: number; rng: Rng }): ArrayDataset<"points"> {
  const noise = rng.fork("noise").normal([count, 2], 0, deviation).data;
  const choice = rng.fork("choice");
  const data = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const centre = centres[choice.integer(0, centres.length)]!;
    data[2 * i] = centre[0] + noise[2 * i]!;
    data[2 * i + 1] = centre[1] + noise[2 * i + 1]!;
  }
  return arrayDataset({ points: hostTensor(data, [count, 2]) });
}

export interface Census {
  /** Centres with a good sample nearest to them. */
  readonly modes: number;
  /** Share of samples within four standard deviations of a centre. */
  readonly good: number;
}

/** Which modes samples `[N, 2]` hit. */
export function census({ data, shape }: HostTensor, { centres, deviation }: Mixture): Census {
  const hit = new Set<number>();
  let good = 0;
  for (let i = 0; i < shape[0]!; i++) {
    const distances = centres.map(([x, y]) => Math.hypot(data[2 * i]! - x, data[2 * i + 1]! - y));
    const nearest = distances.indexOf(Math.min(...distances));
    if (distances[nearest]! > 4 * deviation) continue;
    good++;
    hit.add(nearest);
  }
  return { modes: hit.size, good: good / shape[0]! };
}

/** Two hidden layers. */
export class PointNetwork extends Module {
  readonly layers: readonly Linear[];
  readonly scale: number;

  constructor({
    inputs,
    outputs,
    width = 64,
    scale = 1,
    rng,
  }: { inputs: number; outputs: number; width?: number; scale?: number; rng: Rng }) {
    super();
    const sizes = [inputs, width, width, outputs];
    this.layers = sizes.slice(1).map((outputs, i) => new Linear({ inputs: sizes[i]!, outputs, rng: rng.fork(`layer ${i}`) }));
    this.scale = scale;
  }

  forward(x: Tensor): Tensor {
    const last = this.layers.at(-1)!;
    return last.forward(this.layers.slice(0, -1).reduce((y, layer) => leakyRelu(layer.forward(y), 0.2), x)).mul(this.scale);
  }
}
