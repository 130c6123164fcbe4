/** The messages of an ONNX file. https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */

import { UnsupportedError } from "@dl/core";
import { Message } from "./protobuf.ts";

/** Element types and their numbers in TensorProto.DataType. */
export const onnxTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const;

export type OnnxType = keyof typeof onnxTypes;

export interface OnnxTensor {
  readonly type: OnnxType;
  readonly shape: readonly number[];
  /** Little-endian elements. */
  readonly bytes: Uint8Array;
}

/** What an attribute may hold: a whole number or a list of them, a word, or `{ float }` for a number that is written as one. */
export type Attribute = number | readonly number[] | string | readonly string[] | { readonly float: number };

export interface OnnxNode {
  readonly type: string;
  readonly name: string;
  /** Empty for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** An input or output; names in its shape are free sizes. */
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly (number | string)[];
}

export interface OnnxFile {
  readonly name: string;
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * @throws UnsupportedError for 2 GB and more, which one protobuf message cannot hold.
 */
export function onnxBytes({ name, opset, nodes, initializers, inputs, outputs, metadata }: OnnxFile): Uint8Array {
  const graph = new Message();
  for (const node of nodes) graph.message(1, nodeMessage(node));
  graph.text(2, name);
  for (const [name, tensor] of initializers) graph.message(5, tensorMessage(name, tensor));
  for (const input of inputs) graph.message(11, valueMessage(input));
  for (const output of outputs) graph.message(12, valueMessage(output));
  // IR version 8 is opset 15's and later; runtimes refuse versions newer than they are.
  const model = new Message().integer(1, 8).text(2, "@dl/export").message(8, new Message().text(1, "").integer(2, opset)).message(7, graph);
  for (const [key, value] of Object.entries(metadata)) model.message(14, new Message().text(1, key).text(2, value));
  if (model.length >= 2 ** 31) {
    throw new UnsupportedError(
      `exportOnnx: expected a model below 2 GB, which is the most that one ONNX file holds, got ${model.length} bytes. Quantise it, or export a part.`,
    );
  }
  return model.toBytes();
}

function nodeMessage({ type, name, inputs, outputs, attributes }: OnnxNode): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  message.text(3, name).text(4, type);
  for (const [key, value] of Object.entries(attributes)) message.message(5, attributeMessage(key, value));
  return message;
}

function attributeMessage(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === "number") return message.integer(3, value).integer(20, 2);
  if (typeof value === "string") return message.text(4, value).integer(20, 3);
  if ("float" in value) return message.float(2, value.float).integer(20, 1);
  // Not packed: the field is of proto2.
  for (const item of value) {
    if (typeof item === "number") message.integer(8, item);
    else message.text(9, item);
  }
  return message.integer(20, typeof value[0] === "string" ? 8 : 7);
}

function tensorMessage(name: string, { type, shape, bytes }: OnnxTensor): Message {
  const message = new Message();
  for (const size of shape) message.integer(1, size);
  return message.integer(2, onnxTypes[type]).text(8, name).bytes(9, bytes);
}

function valueMessage({ name, type, shape }: OnnxValue): Message {
  const sizes = new Message();
  for (const size of shape) sizes.message(1, typeof size === "number" ? new Message().integer(1, size) : new Message().text(2, size));
  const tensor = new Message().integer(1, onnxTypes[type]).message(2, sizes);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}
