/** Finds the channels of a network that can be removed, and what goes with each. Coupled channels: Fang et al. 2023, "DepGraph", arXiv:2301.12900. */

import { type Device, DlError, type HostTensor, OptionError, Rng, type Shape, tensor } from "@dl/core";
import { inference, type Module } from "@dl/nn";
import { relativeDifference, sameAnswers } from "../layers/agree.ts";
import { requireBare } from "../layers/attached.ts";
import type { TracedModel } from "../layers/traced-model.ts";
import { PruningMasks } from "../pruning/masks.ts";
import { bySignature, type ChannelGraph, type ChannelGroup, type ChannelPlace, JoinedSets } from "./channel-graph.ts";
import { channelMasks } from "./channel-masks.ts";
import { isPasser, isProducer, type Producer } from "./channel-roles.ts";
import { cutChannels } from "./cut-channels.ts";
import { answer, type Dependencies, probe } from "./probe.ts";

export interface TraceOptions {
  readonly device: Device;
  /** Of one input, without the batch: `[32, 32, 3]`. */
  readonly inputShape: Shape;
}

/**
 * Traces output channels of Linear and Conv2d layers, through BatchNorm, depthwise convolutions and whatever operations lie between, to
 * the inputs of the layers that use them. Operations are not known by name: channels are changed, and what changes with them belongs to
 * them. What has been found is tried: a group of which one removal does not give the masked network's answers is not offered.
 *
 * The model is as it was, afterwards.
 *
 * @throws OptionError for a model without a channel that could go.
 * @example
 * const graph = await traceChannels(model, { device, inputShape: [28, 28, 1] });
 * graph.groups.length; // 226
 */
export async function traceChannels(model: TracedModel, { device, inputShape }: TraceOptions): Promise<ChannelGraph> {
  requireBare("traceChannels", model);
  const fixed = new Map<string, string>();
  const modules = model.modules;
  const producers = [...modules].filter((entry): entry is [string, Producer] => isProducer(entry[1]));
  const shared = sharedLayers(model);
  const input = new Rng(1).uniform([1, ...inputShape], 0.5, 1.5);
  const seen = new Map<string, Dependencies>();
  for (const [path, module] of producers) {
    const channels = module.weight.shape.at(-1)!;
    seen.set(path, await probe(model, { path, channels }, { device, input }));
  }
  const fromInput = await probe(model, undefined, { device, input });
  const groups = join(model, { seen, fromInput, shared, fixed });
  const kept = await offered(model, { groups, fixed, device, inputShape });
  if (kept.length === 0) {
    const reasons = [...fixed].slice(0, 6).map(([path, reason]) => `${path}: ${reason}`);
    throw new OptionError(
      `traceChannels: expected ${model.constructor.name} to have channels that can be removed, got none (${reasons.join("; ") || "it has no Linear or Conv2d layers"}).`,
    );
  }
  return { groups: kept, fixed };
}

/** Layers that keep a parameter another layer keeps too, an embedding for one. */
function sharedLayers(model: Module): ReadonlySet<string> {
  const owners = new Map<unknown, string[]>();
  for (const [path, module] of model.modules) {
    if (module.children.size > 0) continue;
    for (const parameter of module.parameters()) owners.set(parameter, [...(owners.get(parameter) ?? []), path]);
  }
  return new Set([...owners.values()].filter((paths) => paths.length > 1).flat());
}

interface Found {
  readonly seen: ReadonlyMap<string, Dependencies>;
  readonly fromInput: Dependencies;
  readonly shared: ReadonlySet<string>;
  /** Is filled. */
  readonly fixed: Map<string, string>;
}

/** Joins output channels and input features that depend on each other; what touches anything fixed is left out. */
function join(model: Module, { seen, fromInput, shared, fixed }: Found): ChannelGroup[] {
  const modules = model.modules;
  const sets = new JoinedSets();
  const made = (layer: string, channel: number): string => `made ${channel} ${layer}`;
  const used = (layer: string, channel: number): string => `used ${channel} ${layer}`;
  const places: { readonly key: string; readonly kind: keyof ChannelGroup; readonly place: ChannelPlace }[] = [];
  const nodes = new Set<string>();
  const add = (key: string, kind: keyof ChannelGroup, place: ChannelPlace): void => {
    if (nodes.has(key)) return;
    nodes.add(key);
    places.push({ key, kind, place });
  };
  // Keys whose set must stay, with the reason.
  const stays = new Map<string, string>();
  for (const [source, dependencies] of seen) {
    const count = (modules.get(source) as Producer).weight.shape.at(-1)!;
    for (let channel = 0; channel < count; channel++) {
      add(made(source, channel), "made", { layer: source, channel });
      if (shared.has(source)) stays.set(made(source, channel), "its weight is another layer's too");
    }
    for (const [path, features] of dependencies) {
      const module = modules.get(path);
      const kind =
        path === answer || module === undefined ? undefined : isProducer(module) ? "used" : isPasser(module) ? "passed" : undefined;
      features.forEach((channel, feature) => {
        if (channel === "none") return;
        if (channel === "several") {
          for (let each = 0; each < count; each++) stays.set(made(source, each), `${path} gets it mixed with others`);
          return;
        }
        const key = used(path, feature);
        if (kind !== undefined) add(key, kind, { layer: path, channel: feature });
        sets.join(made(source, channel), key);
        if (path === answer) stays.set(key, "it is the model's answer");
        else if (kind === undefined) stays.set(key, `${path}, a ${module!.constructor.name}, takes it`);
        else if (shared.has(path)) stays.set(key, `${path} shares its weight with another layer`);
      });
    }
  }
  for (const [path, features] of fromInput) {
    features.forEach((feature, i) => {
      if (feature !== "none") stays.set(used(path, i), "the model's input is added to it");
    });
  }
  const reasons = new Map([...stays].map(([key, reason]) => [sets.root(key), reason]));
  const groups = new Map<string, Record<keyof ChannelGroup, ChannelPlace[]>>();
  for (const { key, kind, place } of places) {
    const root = sets.root(key);
    const group = groups.get(root) ?? { made: [], passed: [], used: [] };
    groups.set(root, group);
    group[kind].push(place);
  }
  const free: ChannelGroup[] = [];
  for (const [root, group] of groups) {
    const reason = reasons.get(root) ?? (group.used.length === 0 ? "no layer takes it" : undefined);
    if (reason === undefined) free.push(group);
    else for (const { layer } of group.made) fixed.set(layer, reason);
  }
  return free;
}

/** Groups of which one was tried with success. */
async function offered(
  model: TracedModel,
  { groups, fixed, device, inputShape }: { groups: readonly ChannelGroup[]; fixed: Map<string, string> } & TraceOptions,
): Promise<ChannelGroup[]> {
  const images = new Rng(2).normal([2, ...inputShape]);
  const run = (): Promise<HostTensor> => device.compute(() => model.forward(tensor(images), inference)) as unknown as Promise<HostTensor>;
  const kept: ChannelGroup[] = [];
  for (const same of bySignature(groups)) {
    const [first] = same as [ChannelGroup];
    const reason = same.length === 1 ? "it is the only one" : await attempt(model, first, run);
    if (reason === undefined) kept.push(...same);
    else for (const { layer } of first.made) fixed.set(layer, reason);
  }
  return kept;
}

/** Removes a group and puts it back; why it cannot go, or undefined. */
async function attempt(model: TracedModel, group: ChannelGroup, run: () => Promise<HostTensor>): Promise<string | undefined> {
  const masks = new PruningMasks(model, await channelMasks(model, [group]));
  let masked: HostTensor;
  try {
    masked = await run();
  } finally {
    masks.detach();
    masks[Symbol.dispose]();
  }
  const undo = await cutChannels(model, [group]);
  try {
    const difference = relativeDifference(await run(), masked);
    return difference <= sameAnswers ? undefined : "without it the network answers other than with it masked";
  } catch (error) {
    if (!(error instanceof DlError)) throw error;
    return `without it the network does not run (${error.message})`;
  } finally {
    undo();
  }
}
