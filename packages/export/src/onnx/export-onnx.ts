/** Any model as an ONNX file, from a trace of its forward pass. */

import { UnsupportedError } from "@dl/core";
import type { Module } from "@dl/nn";
import { checkNames } from "../trace/check-names.ts";
import { type InputSpec, type TracedModel, type TraceModelOptions, traceModel } from "../trace/trace-model.ts";
import { CallReader, elementType, Lowering, type Rule } from "./lowering.ts";
import { type OnnxNode, type OnnxValue, onnxBytes } from "./onnx-file.ts";
import { OnnxGraph, type SizePlace } from "./onnx-graph.ts";
import { checkQuantization, type Quantization } from "./quantization.ts";
import { elementwiseRules } from "./rules/elementwise.ts";
import { imageRules } from "./rules/images.ts";
import { layoutRules } from "./rules/layout.ts";
import { productRules } from "./rules/products.ts";
import { recurrentRules } from "./rules/recurrent.ts";
import { reductionRules } from "./rules/reductions.ts";

/** The version of ONNX's operators that is written: the first with LayerNormalization. */
const opset = 17;

const rules: Readonly<Record<string, Rule>> = {
  ...elementwiseRules,
  ...imageRules,
  ...layoutRules,
  ...productRules,
  ...recurrentRules,
  ...reductionRules,
};

export interface ExportOnnxOptions<I extends Readonly<Record<string, InputSpec>>> extends TraceModelOptions<I> {
  /** Weights in int8, and ranges of what meets them. Default all float. */
  quantization?: Quantization;
  /** Of the graph. Default the model's class. */
  name?: string;
  /** Kept in the file, for whoever reads it. Default none. */
  metadata?: Readonly<Record<string, string>>;
}

/**
 * The bytes of an ONNX file (opset 17) that computes what `forward` does, with the model's present weights under their paths.
 *
 * Sizes that have a name stay free. Convolutions' weights lie in ONNX's order, all others in ours. One tensor is called `output`, several
 * have the names that `forward` gives them.
 *
 * @throws UnsupportedError that names the operation ONNX has not, or that depends on a free size in a way that cannot be written down;
 * OptionError for shapes and quantised weights that do not fit.
 * @example
 * const bytes = await exportOnnx(model, {
 *   inputs: { images: { shape: ["batch", 28, 28, 1] } },
 *   forward: ({ images }) => model.forward(images, inference),
 * });
 */
export async function exportOnnx<I extends Readonly<Record<string, InputSpec>>>(
  model: Module,
  options: ExportOnnxOptions<I>,
): Promise<Uint8Array> {
  const { quantization = {}, name = model.constructor.name, metadata = {} } = options;
  const traced = await traceModel(model, options);
  const names = [...Object.keys(options.inputs), ...traced.graph.outputs.keys()];
  checkNames("exportOnnx", names);
  checkQuantization(quantization, traced.cells);
  const graph = new OnnxGraph(traced.graph.symbols, { places: placesOf(options.inputs, traced), reserved: names });
  const lowering = new Lowering(graph, traced, quantization);
  for (const [i, call] of traced.graph.calls.entries()) {
    const rule = rules[call.kernel];
    if (!rule) {
      throw new UnsupportedError(
        `exportOnnx: expected operations that ONNX has, got ${call.kernel} (the forward pass's kernel ${i}). Compute it outside the model.`,
      );
    }
    const results = rule(new CallReader(lowering, call, i));
    lowering.setResults(i, "name" in results ? [results] : results);
  }
  lowering.requireQuantized();
  const outputs = [...traced.graph.outputs].map(([output, reading]): OnnxValue => {
    const value = lowering.read(reading, { output });
    const type = elementType(reading.dtype);
    graph.nodes.push({ type: "Identity", name: `output ${output}`, inputs: [value.name], outputs: [output], attributes: {} });
    return {
      name: output,
      type,
      shape: reading.shape.map((size) => (size.every((other) => other === size[0]) ? size[0]! : nameOf(size, traced))),
    };
  });
  const nodes = usedNodes(
    graph.nodes,
    outputs.map((output) => output.name),
  );
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  return onnxBytes({
    name,
    opset,
    nodes,
    initializers: new Map([...graph.initializers].filter(([path]) => read.has(path))),
    inputs: Object.entries(options.inputs).map(([input, { shape, dtype = "float32" }]) => ({ name: input, type: dtype, shape })),
    outputs,
    metadata,
  });
}

/** For each free size an input that has it. */
function placesOf(inputs: Readonly<Record<string, InputSpec>>, { graph }: TracedModel): SizePlace[] {
  return graph.symbols.map(({ name }) => {
    const [input, spec] = Object.entries(inputs).find(([, { shape }]) => shape.includes(name))!;
    return { input, axis: spec.shape.indexOf(name) };
  });
}

/** A free size of an output: the symbol it is, or a name for what it is computed to. */
function nameOf(size: readonly number[], { graph }: TracedModel): string {
  return graph.symbols.find(({ sizes }) => sizes.every((value, trace) => value === size[trace]))?.name ?? `size_${size.join("_")}`;
}

/** Nodes on the way to the outputs, in order. */
function usedNodes(nodes: readonly OnnxNode[], outputs: readonly string[]): OnnxNode[] {
  const needed = new Set(outputs);
  const used = nodes.toReversed().filter(({ outputs: results, inputs }) => {
    if (!results.some((name) => needed.has(name))) return false;
    for (const input of inputs) needed.add(input);
    return true;
  });
  return used.toReversed();
}
