/** Matrix products, normalisation and attention. */

import { type Dimension, isConstant, sameDimension } from "../../trace/dimension.ts";
import type { CallReader, Rule } from "../lowering.ts";
import type { Value } from "../onnx-graph.ts";
import { transpose } from "./layout.ts";

export const productRules: Readonly<Record<string, Rule>> = {
  matmul: (call) => {
    const transposeA = call.flag("transposeA");
    const transposeB = call.flag("transposeB");
    const { a: left, b: right } = quantizedOperands(call);
    const a = transposeA ? swapLast(call, left) : left;
    const b = transposeB ? swapLast(call, right) : right;
    const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2), call);
    let y = call.node("MatMul", [a, b], { shape: [...batch, a.shape.at(-2)!, b.shape.at(-1)!], type: a.type });
    const form = { shape: y.shape, type: y.type };
    if (call.call.readings.length > 2) y = call.node("Add", [y, call.read(2)], form);
    return call.word("activation") === "relu" ? call.node("Relu", [y], form) : y;
  },

  softmax: (call) => rows(call, "Softmax"),
  logSoftmax: (call) => rows(call, "LogSoftmax"),

  layerNorm: (call) => {
    const x = call.read(0);
    const attributes = { axis: -1, epsilon: { float: call.number("epsilon") } };
    return call.node("LayerNormalization", [x, call.read(1), call.read(2)], { shape: x.shape, type: x.type, attributes });
  },

  attention: (call) => {
    // B batch, H heads, T time, D head size, S key time
    const query = call.read(0);
    const [key, value] = [perQueryHead(call, call.read(1), query), perQueryHead(call, call.read(2), query)];
    const [batch, heads, time] = query.shape as readonly [Dimension, Dimension, Dimension];
    const keyTime = key.shape[2]!;
    const form = { shape: [batch, heads, time, keyTime], type: query.type };
    let scores = call.node("MatMul", [query, transpose(call, key, [0, 1, 3, 2])], form);
    scores = call.node("Mul", [scores, call.graph.scalar(call.number("scale"))], form);
    if (call.flag("causal")) scores = call.node("Add", [scores, future(call, time, keyTime)], form);
    const weights = call.node("Softmax", [scores], { ...form, attributes: { axis: -1 } });
    return call.node("MatMul", [weights, value], { shape: query.shape, type: query.type });
  },
};

/** −∞ where a row may not look, 0 elsewhere: `[T, S]`. */
function future(call: CallReader, time: Dimension, keyTime: Dimension): Value {
  const form = { shape: [time, keyTime], type: "float32" } as const;
  const hidden = call.node("Expand", [call.graph.scalar(-Infinity), call.graph.sizes(form.shape)], form);
  const first = keyTime.map((length, trace) => length - time[trace]! + 1);
  const diagonal = call.node("Squeeze", [call.graph.size(first)], { shape: [], type: "int64" });
  return call.node("Trilu", [hidden, diagonal], { ...form, attributes: { upper: 1 } });
}

/** Key heads repeated, one for each query head: `[B, K, S, D]` → `[B, H, S, D]`. */
function perQueryHead(call: CallReader, x: Value, query: Value): Value {
  const [batch, heads, time, size] = x.shape as readonly [Dimension, Dimension, Dimension, Dimension];
  const wanted = query.shape[1]!;
  if (sameDimension(heads, wanted)) return x;
  const groups = call.graph.fixed(wanted[0]! / heads[0]!);
  const one = call.graph.fixed(1);
  const apart = call.graph.reshape(x, [batch, heads, one, time, size]);
  const shape = [batch, heads, groups, time, size];
  const repeated = call.node("Expand", [apart, call.graph.integers([1, 1, groups[0]!, 1, 1])], { shape, type: x.type });
  return call.graph.reshape(repeated, [batch, wanted, time, size]);
}

function rows(call: CallReader, type: string): Value {
  const x = call.read(0);
  return call.node(type, [x], { shape: x.shape, type: x.type, attributes: { axis: -1 } });
}

function swapLast(call: CallReader, x: Value): Value {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(call, x, [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!]);
}

/** Both operands; a quantised weight on the right as int8 with its way back to floats, its activation likewise. */
function quantizedOperands(call: CallReader): { a: Value; b: Value } {
  const { lowering } = call;
  const cell = lowering.cellOf(call.call.readings[1]!);
  if (!cell) return { a: call.read(0), b: call.read(1) };
  return { a: lowering.quantizedInput(call.read(0), cell), b: lowering.quantizedCell(cell) ?? call.read(1) };
}

/** As in NumPy: axes align at the end, and those of size 1 stretch. */
function broadcast(a: readonly Dimension[], b: readonly Dimension[], call: CallReader): Dimension[] {
  const rank = Math.max(a.length, b.length);
  const one = call.graph.fixed(1);
  return Array.from({ length: rank }, (_, i) => {
    const [left, right] = [a[i - rank + a.length] ?? one, b[i - rank + b.length] ?? one];
    return isConstant(left) && left[0] === 1 ? right : left;
  });
}
