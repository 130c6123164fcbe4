/** One recorded call as the rules for TensorFlow.js see it. */

import { type DType, UnsupportedError } from "@dl/core";
import { CallView } from "../trace/call-view.ts";
import { type Dimension, isConstant } from "../trace/dimension.ts";
import { prefixConstant } from "../trace/prefix-constant.ts";
import type { Reading, SymbolicCall } from "../trace/symbolic-graph.ts";
import type { TracedModel } from "../trace/trace-model.ts";
import type { TfGraph, TfNode, TfType, TfValue } from "./tf-graph.ts";

/** Reads operands, and keeps results. */
export class TfLowering {
  readonly graph: TfGraph;
  readonly #traced: TracedModel;
  /** Names of inputs and outputs. */
  readonly #reserved: ReadonlySet<string>;
  readonly #results = new Map<string, TfValue>();

  constructor(graph: TfGraph, traced: TracedModel, { reserved }: { readonly reserved: ReadonlySet<string> }) {
    this.graph = graph;
    this.#traced = traced;
    this.#reserved = reserved;
  }

  get traces(): number {
    return this.#traced.graph.traces;
  }

  setResult(call: number, value: TfValue): void {
    this.#results.set(`${call} 0`, value);
  }

  read(reading: Reading): TfValue {
    return this.graph.reshape(this.#valueOf(reading), reading.shape, this.traces);
  }

  #valueOf({ source, shape, dtype }: Reading): TfValue {
    const type = tfType(dtype);
    if (source.kind === "input") return { name: source.name, shape: this.#traced.inputs.get(source.name)!, type };
    if (source.kind === "cell") {
      const cell = this.#traced.cells.get(source.path)!;
      const name = this.#reserved.has(source.path) ? `${source.path}.2` : source.path;
      return this.graph.constant(name, { shape: cell.shape, type: tfType(cell.dtype), data: cell.data }, this.traces);
    }
    if (source.kind === "constant") {
      if (!shape.every(isConstant)) {
        throw new UnsupportedError(
          "exportTfjs: expected constants of a fixed shape, got a table that grows with the batch. Leave the batch free alone.",
        );
      }
      const whole = prefixConstant({ number: source.number, data: source.data, shape, largest: undefined });
      return this.graph.constant(`constant_${source.number}`, { shape: whole.shape, type, data: whole.data }, this.traces);
    }
    const value = this.#results.get(`${source.call} ${source.result}`);
    if (value) return value;
    const { kernel } = this.#traced.graph.calls[source.call]!;
    throw new UnsupportedError(`exportTfjs: expected the first result of ${kernel} to be used, got result ${source.result}.`);
  }
}

export function tfType(dtype: DType): TfType {
  return dtype === "int32" || dtype === "bool" ? dtype : "float32";
}

export class TfCall extends CallView {
  readonly lowering: TfLowering;

  constructor(lowering: TfLowering, call: SymbolicCall) {
    super(call, lowering.traces);
    this.lowering = lowering;
  }

  read(i: number): TfValue {
    return this.lowering.read(this.call.readings[i]!);
  }

  node(op: string, inputs: readonly TfValue[], form: { shape: readonly Dimension[]; type: TfType; attr?: TfNode["attr"] }): TfValue {
    return this.lowering.graph.node(op, inputs, form);
  }

  integers(values: readonly number[]): TfValue {
    return this.lowering.graph.integers(values, this.lowering.traces);
  }

  scalar(value: number, type: TfType = "float32"): TfValue {
    return this.lowering.graph.scalar(value, type, this.lowering.traces);
  }

  reshape(value: TfValue, shape: readonly Dimension[]): TfValue {
    return this.lowering.graph.reshape(value, shape, this.lowering.traces);
  }
}
