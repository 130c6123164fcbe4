/** Whole-number weights and activations, as QuantizeLinear and DequantizeLinear around the operations they meet. */

import { OptionError } from "@dl/core";
import type { Dimension } from "../trace/dimension.ts";
import { elementBytes, type OnnxGraph, type Value } from "./onnx-graph.ts";

/** A weight in int8: value = (data − zeroPoint) · scale. */
export interface QuantizedWeight {
  /** In the order of the weight's elements. */
  readonly data: Int8Array;
  /** One, or one for each index of an axis: an output channel. */
  readonly scales: Float32Array;
  /** That axis. Default the last; transposed convolutions have their output channels on the last but one. */
  readonly axis?: number;
  /** As many. Default 0 each. */
  readonly zeroPoints?: Int8Array;
}

/** The range of an activation; what lies outside is cut off. */
export interface ActivationRange {
  readonly min: number;
  readonly max: number;
}

export interface Quantization {
  /** By path: `conv1.weight`. Weights of matrix products and convolutions; those that are not here stay float. */
  readonly weights?: ReadonlyMap<string, QuantizedWeight>;
  /** By the path of the weight that the activation meets. Default: activations stay float. */
  readonly inputs?: ReadonlyMap<string, ActivationRange>;
}

/** Throws an OptionError unless each quantised weight fits a cell of the model. */
export function checkQuantization(
  { weights, inputs }: Quantization,
  cells: ReadonlyMap<string, { readonly shape: readonly number[] }>,
): void {
  const shapeOf = (path: string, what: string): readonly number[] => {
    const shape = cells.get(path)?.shape;
    if (shape) return shape;
    throw new OptionError(
      `exportOnnx: expected ${what} of the model, got one of ${path}. Its weights are ${[...cells.keys()].join(", ")}.`,
    );
  };
  for (const [path, { data, scales, zeroPoints, axis }] of weights ?? []) {
    const shape = shapeOf(path, "quantised weights");
    const size = shape.reduce((product, length) => product * length, 1);
    if (axis !== undefined && !(Number.isInteger(axis) && axis >= 0 && axis < shape.length))
      throw new OptionError(`exportOnnx: expected an axis of ${path} [${shape.join(", ")}], got ${axis}.`);
    const channels = shape.at(axis ?? -1) ?? 1;
    const counts = [scales.length, zeroPoints?.length ?? scales.length];
    if (data.length !== size || counts.some((count) => count !== counts[0]) || (counts[0] !== 1 && counts[0] !== channels)) {
      throw new OptionError(
        `exportOnnx: expected ${size} elements and 1 or ${channels} scales for ${path} [${shape.join(", ")}], got ${data.length}, ${scales.length} scales and ${zeroPoints?.length ?? "no"} zero points.`,
      );
    }
    if (!scales.every((scale) => scale > 0 && scale < Infinity))
      throw new OptionError(`exportOnnx: expected scales > 0 for ${path}, got others.`);
  }
  for (const [path, { min, max }] of inputs ?? []) {
    shapeOf(path, "ranges of what meets weights");
    if (!(min <= max && Number.isFinite(min) && Number.isFinite(max))) {
      throw new OptionError(`exportOnnx: expected a range with min ≤ max for the input of ${path}, got ${min} and ${max}.`);
    }
  }
}

/** The int8 initializer and the node that makes floats of it; the channels lie along `axis` of `shape`. */
export function dequantizedWeight(
  graph: OnnxGraph,
  { path, data, scales, zeroPoints = new Int8Array(scales.length) }: QuantizedWeight & { readonly path: string },
  { shape, axis }: { readonly shape: readonly number[]; readonly axis: number },
): Value {
  const perTensor = scales.length === 1;
  const each = perTensor ? [] : [scales.length];
  const weight = graph.initializer(path, { type: "int8", shape, bytes: elementBytes(data, "int8") });
  const scale = graph.initializer(`${path}.scale`, { type: "float32", shape: each, bytes: elementBytes(scales, "float32") });
  const zero = graph.initializer(`${path}.zeroPoint`, { type: "int8", shape: each, bytes: elementBytes(zeroPoints, "int8") });
  return graph.node("DequantizeLinear", [weight, scale, zero], {
    shape: weight.shape,
    type: "float32",
    attributes: perTensor ? {} : { axis },
  });
}

/** `x` cut to 256 steps of its range and back. Zero is one of the steps: padding stays exact. */
export function quantizedActivation(graph: OnnxGraph, x: Value, { min, max }: ActivationRange): Value {
  const [low, high] = [Math.min(min, 0), Math.max(max, 0)];
  const scale = high > low ? (high - low) / 255 : 1;
  const zeroPoint = Math.round(-low / scale);
  const parts = [graph.scalar(scale), graph.scalar(zeroPoint, "uint8")];
  const shape: readonly Dimension[] = x.shape;
  const quantized = graph.node("QuantizeLinear", [x, ...parts], { shape, type: "uint8" });
  return graph.node("DequantizeLinear", [quantized, ...parts], { shape, type: "float32" });
}
