/** A model as a TensorFlow.js graph model: `model.json` and its weights. */

import { UnsupportedError } from "@dl/core";
import type { Module } from "@dl/nn";
import { checkNames } from "../trace/check-names.ts";
import { type InputSpec, type TraceModelOptions, traceModel } from "../trace/trace-model.ts";
import { tfRules } from "./rules.ts";
import { TfCall, TfLowering } from "./tf-call.ts";
import { TfGraph, type TfNode, type TfWeight, tfTypes, typeOf } from "./tf-graph.ts";

export interface ExportTfjsOptions<I extends Readonly<Record<string, InputSpec>>> extends TraceModelOptions<I> {
  /** Kept in the file. Default none. */
  metadata?: Readonly<Record<string, string>>;
}

export interface TfjsFiles {
  /** What `model.json` holds; its weights are in `weights.bin` beside it. */
  readonly topology: object;
  readonly weights: Uint8Array;
}

/**
 * The files that `tf.loadGraphModel` of TensorFlow.js loads.
 *
 * For convolutional and dense networks: one size may be free, the batch. Operations without a rule are refused by name, transposed
 * convolutions and recurrent layers among them; ONNX has them all.
 *
 * @throws UnsupportedError that names what cannot be written; OptionError for shapes and names.
 * @example
 * const { topology, weights } = await exportTfjs(model, {
 *   inputs: { images: { shape: ["batch", 28, 28, 1] } },
 *   forward: ({ images }) => model.forward(images, inference),
 * });
 */
export async function exportTfjs<I extends Readonly<Record<string, InputSpec>>>(
  model: Module,
  options: ExportTfjsOptions<I>,
): Promise<TfjsFiles> {
  const traced = await traceModel(model, options);
  const names = [...Object.keys(options.inputs), ...traced.graph.outputs.keys()];
  checkNames("exportTfjs", names);
  const graph = new TfGraph();
  const lowering = new TfLowering(graph, traced, { reserved: new Set(names) });
  for (const [name, { shape, dtype = "float32" }] of Object.entries(options.inputs)) {
    const dim = shape.map((size) => ({ size: String(typeof size === "number" ? size : -1) }));
    graph.nodes.push({
      name,
      op: "Placeholder",
      input: [],
      attr: { dtype: typeOf(dtype), shape: { shape: { dim } } } as unknown as TfNode["attr"],
    });
  }
  for (const [i, call] of traced.graph.calls.entries()) {
    const rule = tfRules[call.kernel];
    if (!rule) {
      throw new UnsupportedError(
        `exportTfjs: expected operations of convolutional and dense networks, got ${call.kernel} (the forward pass's kernel ${i}). Export it as ONNX.`,
      );
    }
    lowering.setResult(i, rule(new TfCall(lowering, call)));
  }
  const outputs = [...traced.graph.outputs].map(([name, reading]) => {
    const value = lowering.read(reading);
    graph.nodes.push({ name, op: "Identity", input: [value.name], attr: { T: typeOf(value.type) } });
    const dim = reading.shape.map((size) => ({ size: String(size.every((other) => other === size[0]) ? size[0] : -1) }));
    return [name, { name: `${name}:0`, dtype: tfTypes[value.type], tensorShape: { dim } }] as const;
  });
  const inputs = Object.entries(options.inputs).map(([name, { shape, dtype = "float32" }]) => {
    const dim = shape.map((size) => ({ size: String(typeof size === "number" ? size : -1) }));
    return [name, { name: `${name}:0`, dtype: tfTypes[dtype], tensorShape: { dim } }] as const;
  });
  const manifest = [...graph.weights].map(([name, { shape, type }]) => ({ name, shape, dtype: type }));
  return {
    topology: {
      format: "graph-model",
      generatedBy: "@dl/export",
      convertedBy: "@dl/export",
      userDefinedMetadata: options.metadata ?? {},
      signature: { inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(outputs) },
      modelTopology: { node: graph.nodes, versions: {} },
      weightsManifest: [{ paths: ["weights.bin"], weights: manifest }],
    },
    weights: weightBytes([...graph.weights.values()]),
  };
}

/** All weights one after the other, little-endian; bools are a byte. */
function weightBytes(weights: readonly TfWeight[]): Uint8Array {
  const parts = weights.map(({ type, data }) => {
    const typed = type === "float32" ? Float32Array.from(data) : type === "int32" ? Int32Array.from(data) : Uint8Array.from(data);
    return new Uint8Array(typed.buffer);
  });
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
