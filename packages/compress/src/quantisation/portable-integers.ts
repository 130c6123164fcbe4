/** A rounded model as formats for elsewhere write it: plain integers, scales and ranges, such as @dl/export's `quantization` takes. */

import { OptionError } from "@dl/core";
import { parameterNames, type WeightedLayer } from "../layers/weighted-layers.ts";
import { activationIntegers } from "./integers.ts";
import type { QuantisedModel } from "./quantised-model.ts";
import { scaleLayout } from "./quantised-weight.ts";

/** value = integer · scale of its channel; int4 is as int8 here. */
export interface PortableWeight {
  /** In the order of memory. */
  readonly data: Int8Array;
  /** One for each index of `axis`. */
  readonly scales: Float32Array;
  /** Of the output channels. */
  readonly axis: number;
}

export interface PortableIntegers {
  /** By path of the parameter. */
  readonly weights: ReadonlyMap<string, PortableWeight>;
  /** By path of the weight that the input meets: the ends of its 256 steps. */
  readonly inputs: ReadonlyMap<string, { readonly min: number; readonly max: number }>;
  /** Paths of weights whose channels have several scales, by group: those formats have none, and keep floats, already rounded. */
  readonly grouped: readonly string[];
}

/**
 * The integers in a quantised model. Then detach it: what is written rounds by itself.
 *
 * @throws OptionError for a weight that several layers with rounded inputs share: those formats have one range for what meets it.
 * @example no-run
 * const quantised = await quantise(model, { device, calibration });
 * const quantization = await portableIntegers(quantised);
 * quantised.detach();
 * const bytes = await exportOnnx(model, { inputs, forward, quantization });
 */
export async function portableIntegers(quantised: QuantisedModel): Promise<PortableIntegers> {
  const weights = new Map<string, PortableWeight>();
  const grouped: string[] = [];
  for (const [path, weight] of quantised.weights) {
    const { values, scales, axis, shape } = weight;
    if (scaleLayout(shape, weight).groups > 1) grouped.push(path);
    else weights.set(path, { data: values, scales, axis });
  }
  const inputs = new Map<string, { min: number; max: number }>();
  const { low, high } = activationIntegers;
  const { modules } = quantised.model;
  const names = parameterNames(quantised.model);
  for (const [path, quantiser] of quantised.inputs) {
    const name = names.get((modules.get(path) as WeightedLayer).weight)!;
    if (inputs.has(name)) {
      throw new OptionError(
        `portableIntegers: expected one layer with rounded inputs for each weight, got several for ${name}, ${path} among them. Leave all but one out of layers, or round weights alone.`,
      );
    }
    const { scale, zeroPoint } = await quantiser.read();
    inputs.set(name, { min: scale * (low - zeroPoint), max: scale * (high - zeroPoint) });
  }
  return { weights, inputs, grouped };
}
