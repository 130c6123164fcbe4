/** Whether an explanation depends on what was learned: randomise the layers from the top, and see if it changes. Adebayo et al. 2018, arXiv:1810.03292. */

import { type Device, type HostTensor, OptionError, type Rng, type Tensor } from "@dl/core";
import { SpearmanCorrelation } from "@dl/metrics";
import type { Module } from "@dl/nn";

export interface RandomisedWeightsOptions {
  readonly device: Device;
  readonly model: Module;
  /** Makes the map; runs within `device.compute`, once for each stage. Fix its target. */
  readonly explain: () => Tensor;
  /** Modules whose parameters are shuffled, one after the other, by path. Default: all with parameters of their own, the last first. */
  readonly layers?: readonly string[];
  readonly rng: Rng;
}

export interface RandomisedStage {
  /** What has been shuffled at this stage, besides the stages before. */
  readonly layer: string;
  /** Spearman correlation of |map| with the trained model's; near 1: the map does not depend on what was learned. */
  readonly similarity: number;
}

/** Shuffles each parameter's values, so that their distribution stays; puts all of them back in the end. */
export async function randomisedWeights(options: RandomisedWeightsOptions): Promise<RandomisedStage[]> {
  const { device, model, explain, rng } = options;
  const all = [...model.namedParameters()];
  const owner = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf(".")));
  const layers = options.layers ?? [...new Set(all.map(([path]) => owner(path)))].reverse();
  const unknown = layers.find((layer) => !all.some(([path]) => owner(path) === layer || path.startsWith(`${layer}.`)));
  if (unknown !== undefined) throw new OptionError(`randomisedWeights: expected layers with parameters, got "${unknown}".`);
  const before = (await device.compute(() => explain())) as HostTensor;
  const saved = (await device.compute(() => all.map(([, parameter]) => parameter.value))) as HostTensor[];
  const stages: RandomisedStage[] = [];
  try {
    for (const layer of layers) {
      for (const [i, [path, parameter]] of all.entries()) {
        if (owner(path) !== layer && !path.startsWith(`${layer}.`)) continue;
        const { data } = saved[i]!;
        const order = rng.permutation(data.length);
        parameter.load({ ...saved[i]!, data: Float32Array.from(order, (from) => data[from]!) });
      }
      const after = (await device.compute(() => explain())) as HostTensor;
      stages.push({ layer, similarity: similarityOf(before, after) });
    }
  } finally {
    for (const [i, [, parameter]] of all.entries()) parameter.load(saved[i]!);
  }
  return stages;
}

function similarityOf(a: HostTensor, b: HostTensor): number {
  // Also a constant map, whose order a correlation cannot tell: what never changes does not depend on what was learned.
  if (a.data.length === b.data.length && a.data.every((value, i) => value === b.data[i])) return 1;
  const correlation = new SpearmanCorrelation();
  correlation.update({ targets: Float64Array.from(a.data, Math.abs), predictions: Float64Array.from(b.data, Math.abs) });
  const value = correlation.result();
  // A map that has become constant has no order left; it resembles nothing.
  return Number.isNaN(value) ? 0 : value;
}
