/** Smaller steps for lower layers when a pretrained model is tuned. Howard and Ruder 2018, ULMFiT, arXiv:1801.06146; Clark et al. 2020, arXiv:2003.10555. */

import { OptionError } from "@dl/core";
import type { Module, Parameter } from "@dl/nn";

export interface LayerDecayOptions {
  /** Of what stands above the blocks: the head. */
  learningRate: number;
  /** Each block's is this much of the one above it. Default 0.9. */
  decay?: number;
  /** Of matrices; vectors have none. Default 0. */
  weightDecay?: number;
  /** Lower blocks than this, and the embeddings, are left out: frozen. Default 0, none. */
  frozenBlocks?: number;
}

export interface LayerGroup {
  readonly parameters: Parameter[];
  readonly learningRate: number;
  readonly weightDecay: number;
}

/**
 * Groups for an optimizer. Blocks are what stands in a list called `blocks`; what comes before the first of them counts as below it.
 *
 * @throws OptionError for a model without blocks, or options out of range.
 * @example
 * const model = new SequenceClassifier({ ...bertTiny, vocabulary: 100, labels: ["no", "yes"], rng });
 * const optimizer = new AdamW(layerGroups(model, { learningRate: 2e-5, decay: 0.8, weightDecay: 0.01 }), { learningRate: 2e-5 });
 */
export function layerGroups(
  model: Module,
  { learningRate, decay = 0.9, weightDecay = 0, frozenBlocks = 0 }: LayerDecayOptions,
): LayerGroup[] {
  if (!(decay > 0 && decay <= 1)) throw new OptionError(`layerGroups: expected a decay above 0, at most 1, got ${decay}.`);
  const named = [...model.namedParameters()];
  const blockOf = (path: string): number | undefined => {
    const found = /(?:^|\.)blocks\.(\d+)\./.exec(path);
    return found ? Number(found[1]) : undefined;
  };
  const blocks = Math.max(-1, ...named.map(([path]) => blockOf(path) ?? -1)) + 1;
  if (blocks === 0) throw new OptionError(`layerGroups: expected a model with blocks, got ${model.constructor.name}.`);
  if (!Number.isInteger(frozenBlocks) || frozenBlocks < 0 || frozenBlocks > blocks) {
    throw new OptionError(`layerGroups: expected frozenBlocks from 0 to ${blocks}, got ${frozenBlocks}.`);
  }
  const groups = new Map<string, LayerGroup>();
  let seenBlocks = false;
  for (const [path, parameter] of named) {
    const block = blockOf(path);
    seenBlocks ||= block !== undefined;
    // The embeddings are depth 0, block i is depth i + 1, everything after is above all blocks.
    const otherwise = seenBlocks ? blocks + 1 : 0;
    const depth = block === undefined ? otherwise : block + 1;
    if (depth <= frozenBlocks && frozenBlocks > 0) continue;
    const rate = learningRate * decay ** (blocks + 1 - depth);
    const own = parameter.shape.length >= 2 ? weightDecay : 0;
    const key = `${depth} ${own}`;
    const group = groups.get(key) ?? { parameters: [], learningRate: rate, weightDecay: own };
    group.parameters.push(parameter);
    groups.set(key, group);
  }
  return [...groups.values()];
}
