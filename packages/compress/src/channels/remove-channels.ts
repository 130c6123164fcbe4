/** Structured pruning: channels are chosen and taken out of the network, which is smaller and faster afterwards. Li et al. 2017, arXiv:1608.08710. */

import { type Device, type HostTensor, OptionError, Rng, type Shape, tensor } from "@dl/core";
import { BatchNorm, inference, type Module } from "@dl/nn";
import { relativeDifference, sameAnswers } from "../layers/agree.ts";
import { requireBare } from "../layers/attached.ts";
import type { TracedModel } from "../layers/traced-model.ts";
import { PruningMasks } from "../pruning/masks.ts";
import { bySignature, type ChannelGraph, type ChannelGroup } from "./channel-graph.ts";
import { channelMasks, layerAt } from "./channel-masks.ts";
import { cutChannels } from "./cut-channels.ts";

export interface ChooseChannelsOptions {
  /** Share of the channels that go, from 0 up to, not including, 1. */
  readonly share: number;
  /** Whether channels compete with those of the whole network or of their own layers. Default `layer`. */
  readonly scope?: "global" | "layer";
  /**
   * What a channel is worth: the sum or the Euclidean length of the weights that make it, over the mean of its layer; or |γ| of the batch
   * normalisation after it (Liu et al. 2017, arXiv:1708.06519). Default `l1`.
   */
  readonly by?: "l1" | "l2" | "batch-norm";
}

/**
 * The groups that are worth least. Of the channels that do one work, at least one stays.
 *
 * @throws OptionError for a share out of range, for `batch-norm` where a channel has none, and for weights that are NaN.
 */
export async function chooseChannels(
  model: Module,
  { groups }: ChannelGraph,
  { share, scope = "layer", by = "l1" }: ChooseChannelsOptions,
): Promise<ChannelGroup[]> {
  if (!(share >= 0 && share < 1)) throw new OptionError(`chooseChannels: expected a share from 0 up to, not including, 1, got ${share}.`);
  if (scope !== "global" && scope !== "layer")
    throw new OptionError(`chooseChannels: expected scope global or layer, got ${String(scope)}.`);
  if (by !== "l1" && by !== "l2" && by !== "batch-norm")
    throw new OptionError(`chooseChannels: expected by l1, l2 or batch-norm, got ${String(by satisfies never)}.`);
  const worths = await channelWorths(model, groups, by);
  const works = bySignature(groups);
  const cheapestFirst = (some: readonly ChannelGroup[]): ChannelGroup[] => [...some].sort((a, b) => worths.get(a)! - worths.get(b)!);
  // The dearest of each stays, whatever the share.
  const candidates = works.map((same) => cheapestFirst(same).slice(0, -1));
  if (scope === "layer") {
    return candidates.flatMap((some, i) => some.slice(0, Math.round(share * works[i]!.length)));
  }
  return cheapestFirst(candidates.flat()).slice(0, Math.round(share * groups.length));
}

async function channelWorths(
  model: Module,
  groups: readonly ChannelGroup[],
  by: NonNullable<ChooseChannelsOptions["by"]>,
): Promise<Map<ChannelGroup, number>> {
  const lengths = new Map<string, Float64Array>();
  for (const { made, passed } of groups) {
    for (const place of by === "batch-norm" ? passed : made) {
      const layer = layerAt(model, place);
      if (lengths.has(place.layer) || (by === "batch-norm" && !(layer instanceof BatchNorm))) continue;
      lengths.set(place.layer, relativeLengths(await layer.weight.read(), by));
    }
  }
  return new Map(
    groups.map((group) => {
      const places = (by === "batch-norm" ? group.passed : group.made).filter(({ layer }) => lengths.has(layer));
      if (places.length === 0) {
        throw new OptionError(`chooseChannels: expected batch normalisation after ${group.made[0]!.layer}, got none. Choose by l1 or l2.`);
      }
      const sum = places.reduce((total, { layer, channel }) => total + lengths.get(layer)![channel]!, 0);
      if (Number.isNaN(sum)) throw new OptionError(`chooseChannels: expected weights that are numbers, got NaN in ${places[0]!.layer}.`);
      return [group, sum / places.length];
    }),
  );
}

/** Of each output channel, over their mean: so that layers can be compared. */
function relativeLengths({ shape, data }: HostTensor, by: "l1" | "l2" | "batch-norm"): Float64Array {
  const outputs = shape.at(-1)!;
  const lengths = new Float64Array(outputs);
  for (let i = 0; i < data.length; i++) lengths[i % outputs]! += by === "l2" ? data[i]! ** 2 : Math.abs(data[i]!);
  if (by === "l2") for (let i = 0; i < outputs; i++) lengths[i] = Math.sqrt(lengths[i]!);
  const mean = lengths.reduce((a, b) => a + b, 0) / outputs;
  return mean === 0 ? lengths : lengths.map((length) => length / mean);
}

export interface RemoveOptions {
  readonly device: Device;
  /** Of one input, without the batch, to compare answers before and after. */
  readonly inputShape: Shape;
}

/**
 * Takes channels out of the model, in place: its parameters are new ones, so make optimizers afterwards. The network without them answers
 * as the network with them masked does; that is checked on random inputs, and the model put back as it was should it not be so.
 *
 * @returns Parameters before and after.
 * @example
 * const graph = await traceChannels(model, { device, inputShape: [28, 28, 1] });
 * const groups = await chooseChannels(model, graph, { share: 0.5 });
 * await removeChannels(model, groups, { device, inputShape: [28, 28, 1] }); // { before: 61706, after: 15738 }
 */
export async function removeChannels(
  model: TracedModel,
  groups: readonly ChannelGroup[],
  { device, inputShape }: RemoveOptions,
): Promise<{ readonly before: number; readonly after: number }> {
  requireBare("removeChannels", model);
  const before = model.parameterCount;
  if (groups.length === 0) return { before, after: before };
  const inputs = new Rng(1).normal([4, ...inputShape]);
  const run = (): Promise<HostTensor> => device.compute(() => model.forward(tensor(inputs), inference)) as unknown as Promise<HostTensor>;
  const masks = new PruningMasks(model, await channelMasks(model, groups));
  let masked: HostTensor;
  try {
    masked = await run();
  } finally {
    masks.detach();
    masks[Symbol.dispose]();
  }
  const old = new Set(model.state().values());
  const undo = await cutChannels(model, groups);
  try {
    const difference = relativeDifference(await run(), masked);
    if (!(difference <= sameAnswers)) {
      throw new OptionError(
        `removeChannels: expected the answers of the masked network, got others, by ${difference.toExponential(1)} of the largest. The model is as it was.`,
      );
    }
  } catch (error) {
    undo();
    throw error;
  }
  const present = new Set(model.state().values());
  for (const cell of old) if (!present.has(cell)) cell[Symbol.dispose]();
  return { before, after: model.parameterCount };
}
