/** Convolutions and pools. Ours have channels last; ONNX's come first, with transpositions around that meet and vanish where layers follow each other. */

import { UnsupportedError } from "@dl/core";
import type { CallReader, Rule } from "../lowering.ts";
import type { Value } from "../onnx-graph.ts";
import { transpose } from "./layout.ts";

const toChannelsFirst = [0, 3, 1, 2];
const toChannelsLast = [0, 2, 3, 1];

export const imageRules: Readonly<Record<string, Rule>> = {
  conv2d: (call) => {
    const { pads } = padding(call);
    // [kh, kw, in / groups, out] → [out, in / groups, kh, kw]
    const { x, weight } = operands(call, [3, 2, 0, 1]);
    const inputs = [x, weight, ...(call.call.readings.length > 2 ? [call.read(2)] : [])];
    const shape = [call.dimension("batch"), call.dimension("outChannels"), call.dimension("outHeight"), call.dimension("outWidth")];
    const attributes = { ...windows(call), group: call.number("groups"), pads };
    let y = call.node("Conv", inputs, { shape, type: x.type, attributes });
    if (call.word("activation") === "relu") y = call.node("Relu", [y], { shape, type: x.type });
    return channelsLast(call, y);
  },

  conv2dInputGradient: (call) => {
    const { pads, outputPadding } = padding(call);
    // Of the convolution that is transposed: [kh, kw, out / groups, in], and ONNX's is [in, out / groups, kh, kw].
    const { x, weight } = operands(call, [3, 2, 0, 1]);
    const shape = [call.dimension("batch"), call.dimension("inChannels"), call.dimension("height"), call.dimension("width")];
    const attributes = { ...windows(call), group: call.number("groups"), pads, output_padding: outputPadding };
    return channelsLast(call, call.node("ConvTranspose", [x, weight], { shape, type: x.type, attributes }));
  },

  maxPool: (call) => pool(call, "MaxPool", {}),
  averagePool: (call) => pool(call, "AveragePool", { count_include_pad: call.flag("countPadding") ? 1 : 0 }),
};

function pool(call: CallReader, type: string, more: Readonly<Record<string, number>>): Value {
  const x = channelsFirst(call, call.read(0));
  const shape = [call.dimension("batch"), call.dimension("channels"), call.dimension("outHeight"), call.dimension("outWidth")];
  const { dilations, ...rest } = windows(call);
  if (type === "AveragePool" && dilations.some((step) => step !== 1)) {
    throw new UnsupportedError("exportOnnx: expected average pools without dilation, got one with.");
  }
  const attributes = { ...rest, ...(type === "MaxPool" && { dilations }), pads: padding(call).pads, ...more };
  return channelsLast(call, call.node(type, [x], { shape, type: x.type, attributes }));
}

function windows(call: CallReader): { kernel_shape: number[]; strides: number[]; dilations: number[] } {
  const pair = (name: string): number[] => [call.number(`${name}Height`), call.number(`${name}Width`)];
  return { kernel_shape: pair("kernel"), strides: pair("stride"), dilations: pair("dilation") };
}

/**
 * Rows and columns around the image. What a window hangs over at the end is padding; what no window reaches needs none, and is what a
 * transposed convolution adds.
 */
function padding(call: CallReader): { pads: number[]; outputPadding: number[] } {
  const sides = (["Height", "Width"] as const).map((side) => {
    const over = call.overhang(side);
    // With a free size, what is left over may differ; without an overhang it does not matter.
    const isOpen = over.every((amount) => amount <= 0) && call.call.kernel !== "conv2dInputGradient";
    return {
      before: call.number(side === "Height" ? "padTop" : "padLeft"),
      after: isOpen ? 0 : call.fixed(over, `padding of the ${side.toLowerCase()}`),
    };
  });
  const [tall, wide] = sides as [{ before: number; after: number }, { before: number; after: number }];
  return {
    pads: [tall.before, wide.before, Math.max(0, tall.after), Math.max(0, wide.after)],
    outputPadding: [Math.max(0, -tall.after), Math.max(0, -wide.after)],
  };
}

/** The images, channels first, and the weight in ONNX's order: transposed now where it is a weight of the model, quantised if asked for. */
function operands(call: CallReader, permutation: readonly number[]): { x: Value; weight: Value } {
  const x = channelsFirst(call, call.read(0));
  const { lowering } = call;
  const cell = lowering.cellOf(call.call.readings[1]!);
  if (!cell) return { x, weight: transpose(call, call.read(1), permutation) };
  const weight = lowering.quantizedCell(cell, permutation) ?? lowering.transposedCell(cell, permutation);
  return { x: lowering.quantizedInput(x, cell), weight };
}

function channelsFirst(call: CallReader, x: Value): Value {
  return call.lowering.channelsFirst.get(x.name) ?? transpose(call, x, toChannelsFirst);
}

/** The result with channels last; the next layer that wants them first finds them. */
function channelsLast(call: CallReader, y: Value): Value {
  const last = transpose(call, y, toChannelsLast);
  call.lowering.channelsFirst.set(last.name, y);
  return last;
}
