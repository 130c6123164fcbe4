/** Recurrent layers as ONNX's own: time first, gates in another order, both biases in one. */

import { type TypedArray, UnsupportedError } from "@dl/core";
import type { Dimension } from "../../trace/dimension.ts";
import { permuted } from "../../trace/permuted.ts";
import type { CallReader, Rule } from "../lowering.ts";
import { elementBytes, type Value } from "../onnx-graph.ts";
import { transpose } from "./layout.ts";

/** Where ONNX's gates lie among ours: input, output, forget, candidate; update, reset, candidate. */
const gateOrders: Readonly<Record<string, readonly number[]>> = { LSTM: [0, 3, 1, 2], GRU: [1, 0, 2], RNN: [0] };

export const recurrentRules: Readonly<Record<string, Rule>> = {
  recurrent: (call) => {
    // T time, B batch, I inputs, N directions, H size
    const kind = call.word("kind");
    const [count, size] = [call.number("directions"), call.number("size")];
    const x = call.read(0); // [B, T, I]
    const [batch, time] = x.shape as readonly [Dimension, Dimension, Dimension];
    const [directions, hidden] = [call.graph.fixed(count), call.graph.fixed(size)];
    const [w, r, b] = weightsOf(call, { kind, count, size });
    let next = 1 + 4 * count;
    const lengths = call.flag("hasLengths") ? call.read(next++) : "";
    // Hidden, and for LSTM the memory.
    const first = call.flag("hasState") ? Array.from({ length: kind === "LSTM" ? 2 : 1 }, () => call.read(next++)) : [];
    const inputs = [transpose(call, x, [1, 0, 2]), w, r, b, lengths, ...first];
    const state = { shape: [directions, batch, hidden], type: "float32" } as const;
    const forms = [{ shape: [time, directions, batch, hidden], type: "float32" } as const, state, ...(kind === "LSTM" ? [state] : [])];
    const attributes = {
      hidden_size: size,
      direction: count === 2 ? "bidirectional" : "forward",
      ...(kind === "GRU" && { linear_before_reset: 1 }),
      ...(call.word("activation") === "relu" && { activations: Array.from({ length: count }, () => "Relu") }),
    };
    const [y, ...last] = call.graph.results(kind, inputs, forms, attributes) as [Value, ...Value[]];
    const rows = transpose(call, y, [2, 0, 1, 3]); // [B, T, N, H]
    return [call.graph.reshape(rows, [batch, time, call.graph.fixed(count * size)]), ...last];
  },
};

/** W `[N, gates · H, I]`, R `[N, gates · H, H]` and both biases `[N, 2 · gates · H]`, under the path of the input weight's cell. */
function weightsOf(call: CallReader, { kind, count, size }: { kind: string; count: number; size: number }): [Value, Value, Value] {
  const order = gateOrders[kind]!;
  const gates = order.length;
  const cells = call.call.readings.slice(1, 1 + 4 * count).map((reading) => {
    const cell = call.lowering.cellOf(reading);
    if (!cell) throw new UnsupportedError("exportOnnx: expected recurrent layers with weights of their own, got computed ones.");
    return cell;
  });
  /** `[inputs, gates · H]` → `[gates · H, inputs]`, gates in ONNX's order. */
  const matrix = (index: number): TypedArray => {
    const { shape, data } = cells[index]!;
    const turned = permuted(data, shape, [1, 0]);
    return ordered(turned, { order, length: size * shape[0]! });
  };
  const stored = (name: string, shape: readonly number[], parts: readonly TypedArray[]): Value => {
    const all = Float32Array.from(parts.flatMap((part) => [...part]));
    return call.graph.initializer(name, { type: "float32", shape: [count, ...shape], bytes: elementBytes(all, "float32") });
  };
  const each = Array.from({ length: count }, (_, i) => 4 * i);
  const path = cells[0]!.path.replace(/\.inputWeight$/, "");
  const inputs = cells[0]!.shape[0]!;
  return [
    stored(
      `${path}.inputWeight`,
      [gates * size, inputs],
      each.map((i) => matrix(i)),
    ),
    stored(
      `${path}.hiddenWeight`,
      [gates * size, size],
      each.map((i) => matrix(i + 1)),
    ),
    stored(
      `${path}.bias`,
      [2 * gates * size],
      each.flatMap((i) => [ordered(cells[i + 2]!.data, { order, length: size }), ordered(cells[i + 3]!.data, { order, length: size })]),
    ),
  ];
}

/** Pieces of equal length in another order. */
function ordered(data: TypedArray, { order, length }: { order: readonly number[]; length: number }): TypedArray {
  const result = data.slice() as TypedArray;
  for (const [to, from] of order.entries()) {
    for (let i = 0; i < length; i++) result[to * length + i] = data[from * length + i]!;
  }
  return result;
}
