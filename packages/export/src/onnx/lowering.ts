/** What the rules that turn kernels into ONNX nodes share: reading operands, settings, weights and constants. */

import { type DType, type TypedArray, UnsupportedError } from "@dl/core";
import { CallView } from "../trace/call-view.ts";
import { type Dimension, isConstant, productOf } from "../trace/dimension.ts";
import { permuted } from "../trace/permuted.ts";
import { prefixConstant } from "../trace/prefix-constant.ts";
import { type Progression, progressionOf } from "../trace/progression.ts";
import type { Reading, SymbolicCall } from "../trace/symbolic-graph.ts";
import type { TracedModel } from "../trace/trace-model.ts";
import { onnxTypes } from "./onnx-file.ts";
import { elementBytes, type NodeForm, type OnnxGraph, type Value } from "./onnx-graph.ts";
import { dequantizedWeight, type Quantization, quantizedActivation } from "./quantization.ts";

/** The types of our dtypes in a file. */
export function elementType(dtype: DType): "float32" | "int32" | "bool" {
  return dtype === "int32" || dtype === "bool" ? dtype : "float32";
}

/** Turns one call into nodes; gives the values of its results, those that nothing reads may be left out. */
export type Rule = (call: CallReader) => Value | readonly Value[];

/** A parameter or buffer of the model, in the shape it is read in. */
export interface CellReading {
  readonly path: string;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** The axis of `shape` that an axis of another shape of the same elements has become. */
function axisWithin(shape: readonly number[], other: { readonly axis: number; readonly shape: readonly number[] }): number | undefined {
  const before = (sizes: readonly number[], axis: number): number => sizes.slice(0, axis).reduce((product, size) => product * size, 1);
  const rows = before(other.shape, other.axis);
  const found = shape.findIndex((size, axis) => size === other.shape[other.axis] && before(shape, axis) === rows);
  return found < 0 ? undefined : found;
}

/** Everything the rules write into. */
export class Lowering {
  readonly graph: OnnxGraph;
  readonly quantization: Quantization;
  /** Images with channels first, by the name of the value that has them last. */
  readonly channelsFirst: Map<string, Value> = new Map();
  readonly #traced: TracedModel;
  /** By call and result. */
  readonly #results = new Map<string, Value>();
  readonly #cells = new Map<string, Value>();
  readonly #constants = new Map<string, Value>();
  /** Of what is to be quantised, what no rule has met. */
  readonly #unused: Set<string>;

  constructor(graph: OnnxGraph, traced: TracedModel, quantization: Quantization) {
    this.graph = graph;
    this.#traced = traced;
    this.quantization = quantization;
    const { weights = new Map(), inputs = new Map() } = quantization;
    this.#unused = new Set([...weights.keys(), ...[...inputs.keys()].map((path) => `input of ${path}`)]);
  }

  get traces(): number {
    return this.#traced.graph.traces;
  }

  setResults(call: number, values: readonly Value[]): void {
    for (const [i, value] of values.entries()) this.#results.set(`${call} ${i}`, value);
  }

  /** The value that was read, in the shape it was read with. `at` is where, for constants. */
  read(reading: Reading, at: { readonly call: number; readonly use: number } | { readonly output: string }): Value {
    return this.graph.reshape(this.#valueOf(reading, at), reading.shape);
  }

  #valueOf({ source, shape, dtype }: Reading, at: { readonly call: number; readonly use: number } | { readonly output: string }): Value {
    switch (source.kind) {
      case "input":
        return { name: source.name, shape: this.#traced.inputs.get(source.name)!, type: elementType(dtype) };
      case "cell":
        return this.#cell(source.path);
      case "constant":
        return this.#constant(source.number, source.data, { shape, dtype, at });
      case "call": {
        const value = this.#results.get(`${source.call} ${source.result}`);
        if (value) return value;
        const { kernel } = this.#traced.graph.calls[source.call]!;
        throw new UnsupportedError(`exportOnnx: expected the first result of ${kernel} to be used, got result ${source.result}.`);
      }
    }
  }

  /** A parameter or buffer of the model as an initializer under its path. */
  #cell(path: string): Value {
    let value = this.#cells.get(path);
    if (!value) {
      const { shape, dtype, data } = this.#traced.cells.get(path)!;
      const type = elementType(dtype);
      value = this.graph.initializer(path, { type, shape, bytes: elementBytes(data, type) });
      this.#cells.set(path, value);
    }
    return value;
  }

  /** A weight of the model with its axes in another order, stored so. */
  transposedCell({ path, shape, data }: CellReading, permutation: readonly number[]): Value {
    const key = `${path} ${shape.join()} ${permutation.join()}`;
    let value = this.#cells.get(key);
    if (!value) {
      const sizes = permutation.map((axis) => shape[axis]!);
      value = this.graph.initializer(path, {
        type: "float32",
        shape: sizes,
        bytes: elementBytes(permuted(data, shape, permutation), "float32"),
      });
      this.#cells.set(key, value);
    }
    return value;
  }

  /** The model's cell that a reading is, in the shape it is read in, which does not depend on free sizes. */
  cellOf({ source, shape }: Reading): CellReading | undefined {
    if (source.kind !== "cell" || !shape.every(isConstant)) return undefined;
    return { path: source.path, shape: shape.map((size) => size[0]!), data: this.#traced.cells.get(source.path)!.data };
  }

  /** A weight in whole numbers, stored with its axes in another order, and its way back to floats; undefined for one that stays float. */
  quantizedCell({ path, shape }: CellReading, permutation: readonly number[] = shape.map((_, axis) => axis)): Value | undefined {
    const weight = this.quantization.weights?.get(path);
    if (!weight) return undefined;
    this.#unused.delete(path);
    const key = `${path} int8 ${shape.join()} ${permutation.join()}`;
    let value = this.#cells.get(key);
    if (!value) {
      const own = this.#traced.cells.get(path)!.shape;
      const axis = axisWithin(shape, { axis: weight.axis ?? own.length - 1, shape: own });
      if (axis === undefined && weight.scales.length > 1) {
        throw new UnsupportedError(
          `exportOnnx: expected ${path} [${own.join(", ")}] to be used with the axis of its scales, got [${shape.join(", ")}]. Give it one scale.`,
        );
      }
      value = dequantizedWeight(
        this.graph,
        { ...weight, data: permuted(weight.data, shape, permutation), path },
        { shape: permutation.map((i) => shape[i]!), axis: permutation.indexOf(axis ?? 0) },
      );
      this.#cells.set(key, value);
    }
    return value;
  }

  /** What meets a weight, in 256 steps where it has a range. */
  quantizedInput(x: Value, { path }: CellReading): Value {
    const range = this.quantization.inputs?.get(path);
    this.#unused.delete(`input of ${path}`);
    return range ? quantizedActivation(this.graph, x, range) : x;
  }

  /** Throws when something was to be whole numbers that no rule has made so: the file would be less than what was asked for. */
  requireQuantized(): void {
    if (this.#unused.size === 0) return;
    throw new UnsupportedError(
      `exportOnnx: expected quantised weights of matrix products and convolutions, got ${[...this.#unused].join(", ")}, which the forward pass uses otherwise or not at all.`,
    );
  }

  /** Host data that the forward pass made. Where it grows with a free size, the largest is stored, and its beginning is used. */
  #constant(
    number: number,
    data: readonly TypedArray[],
    {
      shape,
      dtype,
      at,
    }: { shape: readonly Dimension[]; dtype: DType; at: { readonly call: number; readonly use: number } | { readonly output: string } },
  ): Value {
    const type = elementType(dtype);
    const name = `constant_${number}`;
    const key = `${number} ${shape.map((size) => size.join()).join(";")}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const progression = progressionOf(data);
    if (progression) {
      const value = this.#range(progression, { shape, type });
      this.#constants.set(key, value);
      return value;
    }
    const { largest } = this.#traced;
    const use = "output" in at ? largest?.outputs.get(at.output) : largest?.calls[at.call]?.uses[at.use];
    const whole = prefixConstant({ number, data, shape, largest: use });
    const stored = this.graph.initializer(name, { type, shape: whole.shape, bytes: elementBytes(whole.data, type) });
    let value = stored;
    if (!shape.every(isConstant)) {
      const axes = shape.flatMap((size, axis) => (isConstant(size) ? [] : [axis]));
      const ends = this.graph.sizes(axes.map((axis) => shape[axis]!));
      const inputs = [stored.name, this.graph.integers(axes.map(() => 0)), ends, this.graph.integers(axes)];
      value = this.graph.node("Slice", inputs, { shape, type });
    }
    this.#constants.set(key, value);
    return value;
  }

  /** Numbers that go up by equal steps, as many as the shape has elements. */
  #range({ start, step }: Progression, { shape, type }: { shape: readonly Dimension[]; type: "float32" | "int32" | "bool" }): Value {
    const length = productOf(shape, this.traces);
    const stop = start.map((value, trace) => value + length[trace]! * step[trace]!);
    const scalar = (size: Dimension): Value => {
      if (isConstant(size)) return this.graph.scalar(size[0]!, type);
      const single = this.graph.node("Squeeze", [this.graph.size(size)], { shape: [], type: "int64" });
      return this.graph.node("Cast", [single], { shape: [], type, attributes: { to: onnxTypes[type] } });
    };
    const flat = this.graph.node("Range", [scalar(start), scalar(stop), scalar(step)], { shape: [length], type });
    return this.graph.reshape(flat, shape);
  }
}

/** One call as a rule sees it. */
export class CallReader extends CallView {
  readonly lowering: Lowering;
  readonly #number: number;

  constructor(lowering: Lowering, call: SymbolicCall, number: number) {
    super(call, lowering.traces);
    this.lowering = lowering;
    this.#number = number;
  }

  get graph(): OnnxGraph {
    return this.lowering.graph;
  }

  /** Operand `i`, in the shape the kernel saw. */
  read(i: number): Value {
    return this.lowering.read(this.call.readings[i]!, { call: this.#number, use: i });
  }

  node(type: string, inputs: readonly (Value | string)[], form: NodeForm): Value {
    return this.graph.node(type, inputs, form);
  }
}
