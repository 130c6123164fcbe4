/** Smaller steps for lower layers when a pretrained model is tuned. Howard and Ruder 2018, ULMFiT, arXiv:1801.06146; Clark et al. 2020, arXiv:2003.10555. */

import { OptionError } from "@dl/core";
import { Embedding, type Module, type Parameter } from "@dl/nn";

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

/** One list of blocks. */
interface Stack {
  /** The path before `blocks`: "" or "encoder.", …. */
  readonly prefix: string;
  /** Blocks in it. */
  readonly count: number;
  /** Blocks it stands on: the encoder's, of a decoder. */
  readonly below: number;
  /** Blocks that stand on it. */
  readonly above: number;
}

/** Where a parameter stands: how many blocks down to it, and up to it. */
interface Depth {
  /** 0 of the head, 1 of the top block, … */
  readonly fromHead: number;
  /** 0 of the embeddings, 1 of the lowest block, … */
  readonly fromBottom: number;
}

const blockPath = /^(.*?\.)?blocks\.(\d+)\./;

/**
 * Groups for an optimizer. Blocks are what stands in a list called `blocks`. Of several lists each counts on its own, as in `Clip`, but
 * that a decoder's blocks stand on its encoder's. Embeddings beside a list, and what comes before it, count as below its blocks.
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
  const stacks = stacksOf(named.map(([path]) => placeOf(path)));
  if (stacks.length === 0) throw new OptionError(`layerGroups: expected a model with blocks, got ${model.constructor.name}.`);
  const blocks = Math.max(...stacks.map(({ count, below }) => below + count));
  if (!Number.isInteger(frozenBlocks) || frozenBlocks < 0 || frozenBlocks > blocks) {
    throw new OptionError(`layerGroups: expected frozenBlocks from 0 to ${blocks}, got ${frozenBlocks}.`);
  }
  const embeddings = new Set([...model.modules].flatMap(([path, module]) => (module instanceof Embedding ? [path] : [])));
  const isEmbedding = (place: string): boolean => embeddings.has(place.slice(0, place.lastIndexOf(".")));
  const groups = new Map<string, LayerGroup>();
  const begun = new Set<Stack>();
  for (const [path, parameter] of named) {
    const place = placeOf(path);
    // The innermost; what is in none belongs to all of them, and is below or above.
    const own = stacks.filter(({ prefix }) => place.startsWith(prefix)).sort((a, b) => b.prefix.length - a.prefix.length)[0];
    const block = blockPath.exec(place)?.[2];
    if (own && block !== undefined) begun.add(own);
    const isBelow = own ? !begun.has(own) || isEmbedding(place) : begun.size === 0;
    const { fromHead, fromBottom } = depthOf(own, { block: block === undefined ? undefined : Number(block), isBelow, blocks });
    if (fromBottom <= frozenBlocks && frozenBlocks > 0) continue;
    const rate = learningRate * decay ** fromHead;
    const ownDecay = parameter.shape.length >= 2 ? weightDecay : 0;
    const key = `${fromHead} ${ownDecay}`;
    const group = groups.get(key) ?? { parameters: [], learningRate: rate, weightDecay: ownDecay };
    group.parameters.push(parameter);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** What an adapter has for a layer stands where the layer does: both are in an `Adapted`. */
function placeOf(path: string): string {
  return path.replace(/^adapters\.\d+\.(layers|factors)\./, "model.");
}

function stacksOf(places: readonly string[]): Stack[] {
  const counts = new Map<string, number>();
  for (const place of places) {
    const [, prefix = "", block] = blockPath.exec(place) ?? [];
    if (block !== undefined) counts.set(prefix, Math.max(counts.get(prefix) ?? 0, Number(block) + 1));
  }
  return [...counts].map(([prefix, count]) => ({
    prefix,
    count,
    below: /(^|\.)decoder\.$/.test(prefix) ? (counts.get(prefix.replace(/decoder\.$/, "encoder.")) ?? 0) : 0,
    above: /(^|\.)encoder\.$/.test(prefix) ? (counts.get(prefix.replace(/encoder\.$/, "decoder.")) ?? 0) : 0,
  }));
}

function depthOf(
  stack: Stack | undefined,
  { block, isBelow, blocks }: { block: number | undefined; isBelow: boolean; blocks: number },
): Depth {
  const { count, below, above } = stack ?? { count: blocks, below: 0, above: 0 };
  if (block !== undefined) return { fromHead: above + count - block, fromBottom: below + block + 1 };
  if (isBelow) return { fromHead: below + count + above + 1, fromBottom: 0 };
  // What ends an encoder goes with its last block: the decoder stands on it.
  if (above > 0) return { fromHead: above + 1, fromBottom: below + count };
  return { fromHead: 0, fromBottom: Number.POSITIVE_INFINITY };
}
