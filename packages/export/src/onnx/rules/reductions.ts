/** Kernels along an axis: sums, extremes, running sums, orders. */

import { UnsupportedError } from "@dl/core";
import { type Dimension, isConstant } from "../../trace/dimension.ts";
import type { CallReader, Rule } from "../lowering.ts";
import { onnxTypes } from "../onnx-file.ts";
import type { Value } from "../onnx-graph.ts";

const types: Readonly<Record<string, string>> = {
  sum: "ReduceSum",
  product: "ReduceProd",
  max: "ReduceMax",
  min: "ReduceMin",
  mean: "ReduceMean",
};

export const reductionRules: Readonly<Record<string, Rule>> = {
  reduce: (call) => {
    const x = call.read(0);
    const op = call.word("op");
    if (op === "any" || op === "all") {
      const numbers = cast(call, x, "int32");
      const kept = reduced(call, numbers, op === "any" ? "ReduceMax" : "ReduceMin");
      return cast(call, kept, "bool");
    }
    return reduced(call, x, types[op]!);
  },

  argReduce: (call) => {
    const x = call.read(0);
    const axis = call.axis(x.shape);
    const shape = x.shape.filter((_, i) => i !== axis);
    const type = call.word("op") === "max" ? "ArgMax" : "ArgMin";
    return cast(call, call.node(type, [x], { shape, type: "int64", attributes: { axis, keepdims: 0 } }), "int32");
  },

  cumulate: (call) => {
    const x = call.read(0);
    if (call.word("op") !== "sum") throw new UnsupportedError("exportOnnx: expected operations that ONNX has, got cumulate product.");
    const attributes = { exclusive: call.flag("exclusive") ? 1 : 0, reverse: call.flag("reverse") ? 1 : 0 };
    return call.node("CumSum", [x, call.graph.scalar(call.axis(x.shape), "int32")], { shape: x.shape, type: x.type, attributes });
  },

  argsort: (call) => order(call, call.dimension("length"), call.flag("descending")),
  topK: (call) => order(call, call.dimension("k"), true),
};

/** Axes kept, with size 1. */
function reduced(call: CallReader, x: Value, type: string): Value {
  const [first, last] = call.axes(x.shape);
  const axes = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const one: Dimension = call.graph.fixed(1);
  const shape = x.shape.map((size, axis) => (axes.includes(axis) ? one : size));
  // Of the reductions, opset 17 gives only ReduceSum its axes as an input.
  if (type === "ReduceSum") return call.node(type, [x, call.graph.integers(axes)], { shape, type: x.type, attributes: { keepdims: 1 } });
  return call.node(type, [x], { shape, type: x.type, attributes: { axes, keepdims: 1 } });
}

/** Places of the first `count` along the last axis, as int32. */
function order(call: CallReader, count: Dimension, descending: boolean): Value {
  const x = call.read(0);
  const shape = [...x.shape.slice(0, -1), count];
  const k = isConstant(count) ? call.graph.integers([count[0]!]) : call.graph.size(count);
  const places = call.graph.results(
    "TopK",
    [x, k],
    [
      { shape, type: x.type },
      { shape, type: "int64" },
    ],
    { axis: -1, largest: descending ? 1 : 0, sorted: 1 },
  )[1]!;
  return cast(call, places, "int32");
}

export function cast(call: CallReader, x: Value, type: "float32" | "int32" | "bool"): Value {
  return x.type === type ? x : call.node("Cast", [x], { shape: x.shape, type, attributes: { to: onnxTypes[type] } });
}
