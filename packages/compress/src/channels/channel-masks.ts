/** Masks that silence channels: the network answers as if they were not there. */

import { type HostTensor, OptionError, stridesOf } from "@dl/core";
import type { Module, Parameter } from "@dl/nn";
import { pathOf } from "../layers/weighted-layers.ts";
import { fullMask } from "../pruning/masks.ts";
import type { ChannelGroup, ChannelPlace } from "./channel-graph.ts";
import { isPasser, isProducer, type Passer, type Producer } from "./channel-roles.ts";

/**
 * Zeros for all that belongs to the groups: weights that make them, weights that use them, and their share of biases and normalisation.
 * For `PruningMasks`: a network can be trained under them, and be cut down to the same answers afterwards.
 */
export async function channelMasks(model: Module, groups: readonly ChannelGroup[]): Promise<Map<string, HostTensor>> {
  const masks = new Map<string, HostTensor>();
  const silence = (path: string, parameter: Parameter, at: { readonly axis: number; readonly index: number }): void => {
    const mask = masks.get(path) ?? fullMask(parameter);
    masks.set(path, mask);
    zeroSlice(mask, at);
  };
  for (const { made, passed, used } of groups) {
    for (const place of [...made, ...passed]) {
      const layer = layerAt(model, place);
      const { weight, bias } = layer;
      silence(pathOf(place.layer, "weight"), weight, { axis: weight.shape.length - 1, index: place.channel });
      if (bias !== undefined) silence(pathOf(place.layer, "bias"), bias, { axis: 0, index: place.channel });
    }
    for (const place of used) {
      const { weight } = layerAt(model, place, "input");
      silence(pathOf(place.layer, "weight"), weight, { axis: weight.shape.length - 2, index: place.channel });
    }
  }
  return masks;
}

/** The layer a place is in: of an output channel, or of an input feature. */
export function layerAt(model: Module, { layer: path, channel }: ChannelPlace, side: "output" | "input" = "output"): Producer | Passer {
  const layer = model.modules.get(path);
  if (layer === undefined || !(isProducer(layer) || isPasser(layer))) {
    const got = layer?.constructor.name ?? "none";
    throw new OptionError(
      `channels: expected ${path} to be a Linear, Conv2d or BatchNorm layer of the model, got ${got}. Trace this model.`,
    );
  }
  const count = layer.weight.shape.at(side === "output" ? -1 : -2) ?? 0;
  if (channel >= count) {
    throw new OptionError(
      `channels: ${path}: expected an ${side} below ${count}, got ${channel}. The model was cut since it was traced: trace it again.`,
    );
  }
  return layer;
}

function zeroSlice({ shape, data }: HostTensor, { axis, index }: { axis: number; index: number }): void {
  const step = stridesOf(shape)[axis]!;
  const whole = step * shape[axis]!;
  for (let start = index * step; start < data.length; start += whole) data.fill(0, start, start + step);
}
