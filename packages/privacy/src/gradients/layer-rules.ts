/** The layers whose per-example gradients have a formula. */

import { cast, equal, matmul, mul, normalizeRows, OptionError, reshape, scatterAdd, type Tensor, unfold, where, zerosLike } from "@dl/core";
import { Conv2d, Embedding, GroupNorm, InstanceNorm, LayerNorm, Linear, type Module } from "@dl/nn";
import {
  asRows,
  type LayerCall,
  type LayerGradients,
  matrixRule,
  notBelowZero,
  scaleRule,
  sumPerExample,
  throughActivation,
  weighExamples,
} from "./layer-rule.ts";

/** The layers that have a rule, for errors. */
export const layersWithRules = "Linear, Conv2d, LayerNorm, GroupNorm, InstanceNorm, Embedding";

/** Why a layer has no rule; `undefined` when it has one. */
export function whyNoRule(layer: Module): string | undefined {
  const known = [Linear, LayerNorm, GroupNorm, InstanceNorm, Embedding];
  if (known.some((kind) => layer instanceof kind)) return undefined;
  if (layer instanceof Conv2d) {
    const { groups, dilation } = layer.options;
    if (groups !== 1) return `a Conv2d of ${groups} groups`;
    return [dilation].flat().every((item) => item === 1) ? undefined : "a dilated Conv2d";
  }
  return `a ${layer.constructor.name}`;
}

/** What the layer's parameters get from one call. */
export function gradientsOf(layer: Module, call: LayerCall): LayerGradients {
  if (layer instanceof Linear) return matrixRule(asRows(call.input), asRows(throughActivation(call, layer.activation)), layer);
  if (layer instanceof Conv2d) return convolution(layer, call);
  if (layer instanceof LayerNorm) return layerNorm(layer, call);
  if (layer instanceof GroupNorm || layer instanceof InstanceNorm) {
    return scaleRule(asRows(layer.normalized(call.input)), asRows(call.gradient), layer);
  }
  if (layer instanceof Embedding) return embedding(layer, call);
  throw new OptionError(`gradientsOf: expected a layer with a rule, got ${whyNoRule(layer)}.`);
}

/** A convolution multiplies each window, taken as a row, by one matrix. */
function convolution(layer: Conv2d, call: LayerCall): LayerGradients {
  const { stride, padding, activation } = layer.options;
  const [height, width] = layer.weight.shape as readonly [number, number];
  const windows = unfold(call.input, { kernelSize: [height, width], stride, padding }); // [B, H', W', kh, kw, C]
  const [batch, outHeight, outWidth] = windows.shape as readonly [number, number, number];
  const rows = reshape(windows, [batch, outHeight * outWidth, -1]); // [B, T, kh·kw·C]
  return matrixRule(rows, asRows(throughActivation(call, activation)), layer);
}

/** Each vector by its own statistics; a weight of several axes is one long vector. */
function layerNorm(layer: LayerNorm, { input, gradient }: LayerCall): LayerGradients {
  const rows = [input.shape[0]!, -1, layer.weight.size]; // [B, T, size]
  return scaleRule(normalizeRows(reshape(input, rows), layer.epsilon), reshape(gradient, rows), layer);
}

/** Row i of the table gets the gradients of the places where i stood; two places of one id add up before they are measured. */
function embedding(layer: Embedding, { input, gradient }: LayerCall): LayerGradients {
  const batch = input.shape[0]!;
  const ids = reshape(input, [batch, -1]); // [B, T]
  const padding = layer.paddingIndex;
  const rows = asRows(gradient); // [B, T, C]
  const counted = padding === undefined ? rows : where(reshape(equal(ids, padding), [...ids.shape, 1]), zerosLike(rows), rows);
  const places = ids.shape[1]!;
  const same = cast(equal(reshape(ids, [batch, places, 1]), reshape(ids, [batch, 1, places])), "float32"); // [B, T, T]
  return {
    squaredNorms: notBelowZero(sumPerExample(mul(same, matmul(counted, counted, { transposeB: true })))),
    weightedSum: (weights: Tensor) => {
      const updates = reshape(weighExamples(counted, weights), [-1, layer.weight.shape[1]!]);
      return new Map([[layer.weight, scatterAdd(reshape(ids, [-1]), updates, { axis: 0, shape: layer.weight.shape })]]);
    },
  };
}
