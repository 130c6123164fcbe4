import { cpu } from "@dl/backend-cpu";
import { OptionError, ones, openDevice, Rng, ShapeError, type Tensor, tensor } from "@dl/core";
import { expect, test } from "vitest";
import {
  AdamW,
  BatchNorm,
  Conv2d,
  Dropout,
  Embedding,
  Gelu,
  GroupNorm,
  GruCell,
  inference,
  LayerNorm,
  Linear,
  Lstm,
  MaxPool2d,
  MultiHeadAttention,
  Sequential,
  Sgd,
} from "./index.ts";

// What a script that is run without a type check can do wrong.
const rng = new Rng(1);
const options = (value: unknown): never => value as never;

test.each<[string, () => unknown, string]>([
  [
    "a layer without rng",
    () => new Linear(options({ inputs: 2, outputs: 3 })),
    "Linear: expected an rng for its first weights, got undefined",
  ],
  [
    "positional arguments",
    () => new (Linear as never as new (...sizes: number[]) => unknown)(2, 3),
    "Linear: expected inputs, a whole number ≥ 1, got undefined",
  ],
  [
    "a size that is a string",
    () => new Linear(options({ inputs: "2", outputs: 3, rng })),
    'Linear: expected inputs, a whole number ≥ 1, got "2"',
  ],
  ["half a size", () => new Embedding({ count: 2.5, size: 3, rng }), "Embedding: expected count, a whole number ≥ 1, got 2.5"],
  [
    "no kernel size",
    () => new Conv2d(options({ inputs: 2, outputs: 3, rng })),
    "Conv2d: expected kernelSize, a whole number ≥ 1 or [height, width], got undefined",
  ],
  [
    "groups that do not divide",
    () => new Conv2d({ inputs: 3, outputs: 4, kernelSize: 3, groups: 2, rng }),
    "Conv2d: expected inputs / groups, a whole number ≥ 1, got 1.5",
  ],
  ["a norm without its size", () => new LayerNorm(options({})), "LayerNorm: expected size"],
  ["a norm without channels", () => new GroupNorm(options({ groups: 1 })), "GroupNorm: expected channels"],
  [
    "an activation that is not applied there",
    () => new Linear(options({ inputs: 2, outputs: 3, activation: "gelu", rng })),
    'Linear: expected activation relu or none, got "gelu"',
  ],
  [
    "the same of a convolution",
    () => new Conv2d(options({ inputs: 2, outputs: 3, kernelSize: 1, activation: "tanh", rng })),
    'Conv2d: expected activation relu or none, got "tanh"',
  ],
  [
    "a stride of 0",
    () => new Conv2d({ inputs: 2, outputs: 3, kernelSize: 1, stride: 0, rng }),
    "Conv2d: expected stride, a whole number ≥ 1 or [height, width], got 0",
  ],
  ["a window by another name", () => new MaxPool2d(options({ size: 2 })), "MaxPool2d: expected kernelSize, a whole number ≥ 1"],
  [
    "an approximation of another name",
    () => new Gelu(options({ approximation: "Tanh" })),
    "Gelu: expected approximation, one of none, tanh",
  ],
  ["a negative epsilon", () => new BatchNorm({ channels: 2, epsilon: -1 }), "BatchNorm: expected an epsilon ≥ 0, got -1"],
  [
    "a momentum of Keras's direction times ten",
    () => new BatchNorm({ channels: 2, momentum: 9.9 }),
    "BatchNorm: expected a momentum from 0 to 1",
  ],
  ["a rate of dropout below 0", () => new Lstm({ inputs: 1, size: 2, dropout: -1, rng }), "Lstm: expected a rate from 0 up to"],
  [
    "a rate of dropout that is no number",
    () => new MultiHeadAttention({ size: 8, heads: 2, dropout: NaN, rng }),
    "MultiHeadAttention: expected a rate from 0 up to",
  ],
  ["a recurrent layer without rng", () => new Lstm(options({ inputs: 1, size: 2 })), "Lstm: expected an rng"],
  ["attention without heads", () => new MultiHeadAttention(options({ size: 8, rng })), "MultiHeadAttention: expected heads"],
])("%s is named", (_, make, message) => {
  expect(make).toThrow(OptionError);
  expect(make).toThrow(message);
});

test("an optimizer of a model rather than of its parameters, and one without a learning rate", () => {
  using model = new Linear({ inputs: 2, outputs: 3, rng });
  expect(() => new AdamW(options(model), { learningRate: 1 })).toThrow(
    "AdamW: expected parameters or groups of them, got a Linear. Write new AdamW(model.parameters(), { … }).",
  );
  expect(() => new AdamW(options([model]), { learningRate: 1 })).toThrow("got an array that holds a Linear");
  expect(() => new AdamW(model.parameters(), options({ lr: 1e-3 }))).toThrow(
    "AdamW: expected learningRate, a number ≥ 0 or a schedule, got undefined",
  );
  expect(() => new Sgd(model.parameters(), { learningRate: -1 })).toThrow("got -1");
  expect(() => new Sgd([{ parameters: model.parameters(), learningRate: NaN }], { learningRate: 1 })).toThrow("got NaN");
});

test("forward without a mode", async () => {
  await using device = await openDevice(cpu());
  using norm = new BatchNorm({ channels: 2 });
  const model = new Sequential([new Dropout({ rate: 0.5 })]);
  const noMode = undefined as never;
  await expect(device.compute(() => model.forward(tensor([[1, 2]]), noMode))).rejects.toThrow(
    "Dropout.forward: expected a mode, got undefined. Pass inference or training(rng)",
  );
  await expect(device.compute(() => norm.forward(tensor([[1, 2]]), noMode))).rejects.toThrow("BatchNorm.forward: expected a mode");
});

test.each<[string, () => Tensor, typeof OptionError | typeof ShapeError, string]>([
  [
    "one channel for a batch norm of eight, which would broadcast",
    () => new BatchNorm({ channels: 8 }).forward(ones([2, 4, 4, 1]), inference),
    ShapeError,
    "BatchNorm: expected input […, 8], got [2, 4, 4, 1]. In BatchNorm.",
  ],
  [
    "the state of one layer for two, the other of which would start from zeros",
    () =>
      new Lstm({ inputs: 4, size: 2, layers: 2, rng }).forward(ones([1, 5, 4]), inference, { initial: [[ones([1, 2]), ones([1, 2])]] })
        .output,
    OptionError,
    "Lstm: expected 2 initial states, one for each layer and direction, got 1.",
  ],
  [
    "an LSTM's state without its memory",
    () => new Lstm({ inputs: 4, size: 2, rng }).forward(ones([1, 5, 4]), inference, { initial: [[ones([1, 2])]] }).output,
    OptionError,
    "LstmCell: expected a state of hidden vector and memory, got the hidden vector alone.",
  ],
  [
    "a sequence for a cell, whose time would be taken for its batch",
    () => new GruCell({ inputs: 4, size: 2, rng }).forward(ones([3, 3, 4]))[0],
    ShapeError,
    "GruCell: expected input [B, C], got [3, 3, 4].",
  ],
])("%s is refused", async (_, forward, kind, message) => {
  await using device = await openDevice(cpu());
  await expect(device.compute(forward)).rejects.toThrow(kind);
  await expect(device.compute(forward)).rejects.toThrow(message);
});
