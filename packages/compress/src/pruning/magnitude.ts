/** Magnitude pruning: the smallest weights go. Han et al. 2015, arXiv:1506.02626; n of m, Mishra et al. 2021, arXiv:2104.08378. */

import { type HostTensor, hostTensor, OptionError } from "@dl/core";
import { ConvTranspose2d, type Module } from "@dl/nn";
import { type LayerChoice, layersByWeight, weightedLayers, weightsOf } from "../layers/weighted-layers.ts";

export interface MagnitudeOptions extends LayerChoice {
  /** Share of the weights that go, from 0 up to, not including, 1. */
  readonly sparsity: number;
  /** Whether weights compete with those of all layers or of their own. Default `global`. */
  readonly scope?: "global" | "layer";
}

/**
 * Masks that keep the largest weights, as `torch.nn.utils.prune`'s `global_unstructured` and `l1_unstructured` choose them; biases stay.
 *
 * @returns By the path of the weight; one that layers share is there once. Of equals, the earlier go first.
 * @example
 * const masks = new PruningMasks(model, await magnitudeMasks(model, { sparsity: 0.9 }));
 */
export async function magnitudeMasks(model: Module, options: MagnitudeOptions): Promise<Map<string, HostTensor>> {
  const sizes = new Map<string, HostTensor>();
  for (const [path, weight] of weightsOf(model, weightedLayers("magnitudeMasks", model, options))) {
    const { shape, data } = await weight.read();
    sizes.set(path, hostTensor(Float32Array.from(data, Math.abs), shape));
  }
  return smallestMasks("magnitudeMasks", sizes, options);
}

/** Masks that are 0 where `scores` are smallest, and 1 elsewhere; scores that are NaN have no order, and are an error. */
export function smallestMasks(
  where: string,
  scores: ReadonlyMap<string, HostTensor>,
  { sparsity, scope = "global" }: Pick<MagnitudeOptions, "sparsity" | "scope">,
): Map<string, HostTensor> {
  requireSparsity(where, sparsity);
  for (const [path, { data }] of scores) {
    if (data.some((score: number) => Number.isNaN(score))) {
      throw new OptionError(`${where}: expected weights and scores that are numbers, got NaN in ${path}.`);
    }
  }
  if (scope !== "global" && scope !== "layer") throw new OptionError(`${where}: expected scope global or layer, got ${String(scope)}.`);
  const groups = scope === "global" ? [[...scores]] : [...scores].map((entry) => [entry]);
  return new Map(groups.flatMap((group) => maskGroup(group, sparsity)));
}

function maskGroup(group: readonly (readonly [string, HostTensor])[], sparsity: number): [string, HostTensor][] {
  const all = new Float32Array(group.reduce((size, [, { data }]) => size + data.length, 0));
  let at = 0;
  for (const [, { data }] of group) {
    all.set(data, at);
    at += data.length;
  }
  const count = Math.round(sparsity * all.length);
  const threshold = count === 0 ? Number.NEGATIVE_INFINITY : all.sort()[count - 1]!;
  let below = 0;
  while (below < all.length && all[below]! < threshold) below++;
  // What is as large as the threshold goes as long as there is room.
  let room = count - below;
  return group.map(([path, { data, shape }]) => {
    const mask = new Float32Array(data.length);
    for (let i = 0; i < data.length; i++) {
      const goes = data[i]! < threshold || (data[i]! === threshold && room-- > 0);
      mask[i] = goes ? 0 : 1;
    }
    return [path, hostTensor(mask, shape)];
  });
}

export function requireSparsity(where: string, sparsity: number): void {
  if (!(sparsity >= 0 && sparsity < 1)) {
    throw new OptionError(`${where}: expected a sparsity from 0 up to, not including, 1, got ${sparsity}. 0.9 takes nine of ten weights.`);
  }
}

export interface PatternOptions extends LayerChoice {
  /** Weights that stay of each group. */
  readonly keep: number;
  /** Consecutive inputs of one output that form a group: `keep: 2, of: 4` is what sparse tensor cores take. */
  readonly of: number;
}

/**
 * Masks that keep the `keep` largest of each `of` weights that follow each other along the inputs of an output.
 *
 * @throws OptionError for a layer whose inputs do not divide into groups: leave it out with `layers`.
 */
export async function patternMasks(model: Module, { keep, of, ...choice }: PatternOptions): Promise<Map<string, HostTensor>> {
  if (!(Number.isInteger(keep) && Number.isInteger(of) && keep >= 1 && keep < of)) {
    throw new OptionError(`patternMasks: expected whole numbers 1 ≤ keep < of, got ${keep} of ${of}.`);
  }
  const masks = new Map<string, HostTensor>();
  for (const [name, layer] of layersByWeight(model, weightedLayers("patternMasks", model, choice))) {
    const { shape, data } = await layer.weight.read();
    // Inputs are the last axis but one, except where the weight is that of the convolution that leads back.
    const isTransposed = layer instanceof ConvTranspose2d;
    const [inputs, outputs] = (isTransposed ? [shape.at(-1)!, shape.at(-2)!] : [shape.at(-2)!, shape.at(-1)!]) as [number, number];
    if (inputs % of !== 0) {
      throw new OptionError(
        `patternMasks: ${name}: expected inputs in groups of ${of}, got ${inputs}. Leave the layer out: name the others in layers.`,
      );
    }
    const [inputStep, outputStep] = isTransposed ? [1, inputs] : [outputs, 1];
    const mask = new Float32Array(data.length);
    for (let start = 0; start < data.length; start += inputs * outputs) {
      for (let output = 0; output < outputs; output++) {
        for (let input = 0; input < inputs; input += of) {
          const places = Array.from({ length: of }, (_, i) => start + output * outputStep + (input + i) * inputStep);
          places.sort((a, b) => Math.abs(data[b]!) - Math.abs(data[a]!) || a - b);
          for (const place of places.slice(0, keep)) mask[place] = 1;
        }
      }
    }
    masks.set(name, hostTensor(mask, shape));
  }
  return masks;
}
