/** Makes layers smaller in place: parameters without the channels that go. */

import { type HostTensor, OptionError, stridesOf } from "@dl/core";
import { BatchNorm, Buffer, Conv2d, type Module, Parameter } from "@dl/nn";
import type { ChannelGroup, ChannelPlace } from "./channel-graph.ts";
import { layerAt } from "./channel-masks.ts";
import { isPasser, type Passer, type Producer } from "./channel-roles.ts";
import { replaceCell, setGroups } from "./replace-cell.ts";

/** Of one layer: which outputs and which inputs go. */
interface Cut {
  readonly layer: Producer | Passer;
  readonly outputs: Set<number>;
  readonly inputs: Set<number>;
}

/** Cuts, without a check of the answers. The function that is returned puts everything back. */
export async function cutChannels(model: Module, groups: readonly ChannelGroup[]): Promise<() => void> {
  const cuts = new Map<string, Cut>();
  const cutOf = (place: ChannelPlace, side: "output" | "input"): Cut => {
    const layer = layerAt(model, place, side);
    const cut = cuts.get(place.layer) ?? { layer, outputs: new Set<number>(), inputs: new Set<number>() };
    cuts.set(place.layer, cut);
    return cut;
  };
  for (const { made, passed, used } of groups) {
    for (const place of [...made, ...passed]) cutOf(place, "output").outputs.add(place.channel);
    for (const place of used) cutOf(place, "input").inputs.add(place.channel);
  }
  // All is read before anything is replaced: a cut is made whole or not at all.
  const replacements: (() => () => void)[] = [];
  for (const [path, cut] of cuts) {
    requireRest(path, cut);
    replacements.push(...(await smallerLayer(cut)));
  }
  const undo = replacements.map((replace) => replace());
  return () => {
    for (const each of undo.reverse()) each();
  };
}

async function smallerLayer({ layer, outputs, inputs }: Cut): Promise<(() => () => void)[]> {
  const last = layer.weight.shape.length - 1;
  let weight = without(await layer.weight.read(), { axis: last, gone: outputs });
  const replacements: (() => () => void)[] = [];
  if (!isPasser(layer)) weight = without(weight, { axis: last - 1, gone: inputs });
  replacements.push(() => replaceCell(layer, "weight", new Parameter(weight)));
  if (layer.bias !== undefined && outputs.size > 0) {
    const bias = without(await layer.bias.read(), { axis: 0, gone: outputs });
    replacements.push(() => replaceCell(layer, "bias", new Parameter(bias)));
  }
  if (layer instanceof BatchNorm) {
    for (const field of ["runningMean", "runningVariance"] as const) {
      const statistics = without(await layer[field].read(), { axis: 0, gone: outputs });
      replacements.push(() => replaceCell(layer, field, new Buffer(statistics)));
    }
  }
  if (layer instanceof Conv2d && isPasser(layer)) replacements.push(() => setGroups(layer, weight.shape.at(-1)!));
  return replacements;
}

function requireRest(path: string, { layer, outputs, inputs }: Cut): void {
  const { shape } = layer.weight;
  const [before, all] = isPasser(layer) ? [Number.POSITIVE_INFINITY, shape.at(-1)!] : [shape.at(-2)!, shape.at(-1)!];
  if (outputs.size < all && inputs.size < before) return;
  throw new OptionError(`removeChannels: ${path}: expected at least one channel to stay, got all ${all} removed. Remove a smaller share.`);
}

/** The tensor without some places of an axis. */
export function without({ shape, data, dtype }: HostTensor, { axis, gone }: { axis: number; gone: ReadonlySet<number> }): HostTensor {
  if (gone.size === 0) return { shape, data, dtype };
  const step = stridesOf(shape)[axis]!;
  const length = shape[axis]!;
  const rest = length - gone.size;
  const out = new Float32Array((data.length / length) * rest);
  let at = 0;
  for (let start = 0; start < data.length; start += step) {
    if (gone.has((start / step) % length)) continue;
    out.set(data.subarray(start, start + step), at);
    at += step;
  }
  return { shape: shape.map((size, i) => (i === axis ? rest : size)), data: out, dtype: "float32" };
}
