/** Kernels that move elements: broadcasts, slices, joins, gathers. */

import { UnsupportedError } from "@dl/core";
import { type Dimension, isConstant, sameDimension } from "../../trace/dimension.ts";
import type { CallReader, Rule } from "../lowering.ts";
import type { Value } from "../onnx-graph.ts";

/** "To the end", whatever the length. */
const end = 2n ** 63n - 1n;
/** "To the beginning, and it too", walking back. */
const beforeStart = -(2n ** 63n - 1n);

export const layoutRules: Readonly<Record<string, Rule>> = {
  broadcast: (call) => expand(call, call.read(0), call.dimensions("shape")),

  transpose: (call) => {
    const x = call.read(0);
    const permutation = call.numbers("permutation");
    return transpose(call, x, permutation);
  },

  slice: (call) => {
    const x = call.read(0);
    const [starts, sizes, steps] = [call.dimensions("starts"), call.dimensions("sizes"), call.numbers("steps")];
    const axes: number[] = [];
    const from: (number | Dimension)[] = [];
    const to: (number | bigint | Dimension)[] = [];
    x.shape.forEach((length, axis) => {
      const [start, size, step] = [starts[axis]!, sizes[axis]!, steps[axis]!];
      if (sameDimension(size, length) && step === 1) return;
      axes.push(axis);
      // Counted from the end where that is the same number at all sizes: the last token.
      const back = start.map((value, trace) => value - length[trace]!);
      from.push(isConstant(start) ? start[0]! : isConstant(back) ? back[0]! : start);
      const stop = start.map((value, trace) => value + Math.max(0, size[trace]! - 1) * step + Math.min(1, size[trace]!));
      const left = stop.map((value, trace) => value - length[trace]!);
      if (left.every((value) => value === 0)) to.push(end);
      else to.push(isConstant(stop) ? stop[0]! : isConstant(left) ? left[0]! : stop);
    });
    const { graph } = call;
    const ends = to.every((item): item is number | bigint => !Array.isArray(item))
      ? graph.integers(to)
      : graph.vector(to.map((item) => (typeof item === "bigint" ? Number.MAX_SAFE_INTEGER : item)));
    const inputs = [x, graph.vector(from), ends, graph.integers(axes), graph.integers(axes.map((axis) => steps[axis]!))];
    return call.node("Slice", inputs, { shape: sizes, type: x.type });
  },

  pad: (call) => {
    const x = call.read(0);
    const [before, after, between] = [call.dimensions("before"), call.dimensions("after"), call.numbers("between")];
    if (between.some((gap) => gap !== 0))
      throw new UnsupportedError("exportOnnx: expected padding around elements, got padding between them.");
    const shape = x.shape.map((length, axis) => length.map((value, trace) => value + before[axis]![trace]! + after[axis]![trace]!));
    const amounts = call.graph.sizes([...before, ...after]);
    const value = call.graph.scalar(call.number("value"), x.type as "float32");
    return call.node("Pad", [x, amounts, value], { shape, type: x.type, attributes: { mode: "constant" } });
  },

  concat: (call) => {
    const parts = call.call.readings.map((_, i) => call.read(i));
    const [first] = parts as [Value, ...Value[]];
    const lengths = call.dimensions("lengths");
    const axis = call.axis(first.shape, { outer: call.dimension("outer"), length: lengths[0]!, inner: call.dimension("inner") });
    const total = lengths[0]!.map((_, trace) => lengths.reduce((sum, length) => sum + length[trace]!, 0));
    const shape = first.shape.map((size, i) => (i === axis ? total : size));
    return call.node("Concat", parts, { shape, type: first.type, attributes: { axis } });
  },

  flip: (call) => {
    const x = call.read(0);
    const axes = call.numbers("axes");
    const { graph } = call;
    const every = (value: number | bigint): string => graph.integers(axes.map(() => value));
    return call.node("Slice", [x, every(-1), every(beforeStart), graph.integers(axes), every(-1)], { shape: x.shape, type: x.type });
  },

  gather: (call) => {
    const [x, indices] = [call.read(0), call.read(1)];
    const axis = call.axis(x.shape);
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return call.node("Gather", [x, indices], { shape, type: x.type, attributes: { axis } });
  },

  takeAlong: (call) => {
    const [x, indices] = [call.read(0), call.read(1)];
    return call.node("GatherElements", [x, indices], { shape: indices.shape, type: x.type, attributes: { axis: call.axis(x.shape) } });
  },
};

/** `x` stretched to `shape`. */
export function expand(call: CallReader, x: Value, shape: readonly Dimension[]): Value {
  // Expand keeps an axis where it is told 1: only what stretches has to be known.
  const missing = shape.length - x.shape.length;
  const items = shape.map((size, i) => {
    const own = i < missing ? undefined : x.shape[i - missing];
    if (own && sameDimension(own, size)) return 1;
    return isConstant(size) ? size[0]! : size;
  });
  return call.node("Expand", [x, call.graph.vector(items)], { shape, type: x.type });
}

export function transpose(call: CallReader, x: Value, permutation: readonly number[]): Value {
  const shape = permutation.map((axis) => x.shape[axis]!);
  return call.node("Transpose", [x], { shape, type: x.type, attributes: { perm: [...permutation] } });
}
