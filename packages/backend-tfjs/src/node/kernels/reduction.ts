/** Reductions, places of extremes, running sums. */

import type { ReduceOp } from "@dl/core";
import type { Output } from "../addon.ts";
import type { TensorBuffer } from "../buffer.ts";
import type { Engine, TensorOperand } from "../engine.ts";
import type { AxisView } from "./indexing.ts";

const operations: Readonly<Record<ReduceOp, string>> = {
  sum: "Sum",
  product: "Prod",
  max: "Max",
  min: "Min",
  mean: "Mean",
  any: "Any",
  all: "All",
};

export function reduce(engine: Engine, op: ReduceOp, x: TensorOperand, { outer, length, inner }: AxisView): TensorBuffer {
  if (op === "sum" && x.dtype === "float32" && outer === 1 && inner > 1 && length > 0 && !engine.gpu) {
    // Columns: the gradient of a bias is the fastest sum there is.
    return engine.buffer(engine.run("BiasAddGrad", [engine.id(x, [length, inner])]), x.dtype);
  }
  const { id, axis } = along(engine, x, { outer, length, inner });
  return engine.buffer(engine.run(operations[op], [id, engine.constants.ints([axis])]), x.dtype);
}

export function argReduce(engine: Engine, op: "max" | "min", x: TensorOperand, view: AxisView): TensorBuffer {
  const { id, axis } = along(engine, x, view);
  const types = [engine.type("output_type", "int32")];
  const place = (tensor: number): Output => engine.run(op === "max" ? "ArgMax" : "ArgMin", [tensor, engine.constants.int(axis)], types);
  if (x.dtype === "int32") return engine.buffer(place(id), "int32");
  // TensorFlow's search steps over NaN, which must win: where a row has one, its first.
  const output = engine.compose(() => {
    const isNaN = engine.step("IsNan", [id]);
    const casts = [engine.type("SrcT", "bool"), engine.type("DstT", "float32")];
    const spoiled = engine.step("Any", [isNaN, engine.constants.ints([axis])]);
    const first = engine.step("ArgMax", [engine.step("Cast", [isNaN], casts), engine.constants.int(axis)], types);
    return engine.run("Select", [spoiled, first, place(id).id]);
  });
  return engine.buffer(output, "int32");
}

export function cumulate(
  engine: Engine,
  op: "sum" | "product",
  x: TensorOperand,
  { exclusive, reverse, ...view }: AxisView & { exclusive: boolean; reverse: boolean },
): TensorBuffer {
  const { id, axis } = along(engine, x, view);
  const attributes = [engine.flag("exclusive", exclusive), engine.flag("reverse", reverse)];
  return engine.buffer(engine.run(op === "sum" ? "Cumsum" : "Cumprod", [id, engine.constants.int(axis)], attributes), x.dtype);
}

/** The tensor with as few axes as show the one that is meant. */
function along(engine: Engine, x: TensorOperand, { outer, length, inner }: AxisView): { id: number; axis: number } {
  if (inner === 1) {
    const { shape } = x.buffer;
    // Its own shape will do when its last axis is the one.
    if (shape.length === 2 && shape[0] === outer && shape[1] === length) {
      return { id: engine.tensor(x.buffer), axis: 1 };
    }
    return { id: engine.id(x, [outer, length]), axis: 1 };
  }
  if (outer === 1) return { id: engine.id(x, [length, inner]), axis: 0 };
  return { id: engine.id(x, [outer, length, inner]), axis: 1 };
}
