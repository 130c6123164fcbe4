import { type Cell, type HostTensor, hostTensor, OptionError, Rng, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { describe, expect, test } from "vitest";
import { flopsOf } from "../flops.ts";
import { constant } from "../init/constant.ts";
import { inference, training } from "../mode.ts";
import { Module } from "../module.ts";
import { onDevice, precisions } from "../reference-fixture.ts";
import { Elu, Gelu, LeakyRelu, PRelu, Relu, Sigmoid, Silu, Softmax, Tanh } from "./activations.ts";
import { ConvTranspose1d } from "./conv-transpose1d.ts";
import { ConvTranspose2d } from "./conv-transpose2d.ts";
import { Conv1d } from "./conv1d.ts";
import { Conv2d, DepthwiseConv2d } from "./conv2d.ts";
import { Conv3d } from "./conv3d.ts";
import { Embedding } from "./embedding.ts";
import { Flatten } from "./flatten.ts";
import { Linear } from "./linear.ts";
import { AveragePool1d, AveragePool2d, GlobalAveragePool2d, MaxPool1d, MaxPool2d } from "./pooling.ts";
import { Sequential } from "./sequential.ts";

const rng = new Rng(9);
const oracle = precisions[0]!;

/** Runs a layer on one input, gives its output, and disposes of the layer. */
async function run(layer: (Module & { forward(x: Tensor): Tensor }) | ((x: Tensor) => Tensor), input: HostTensor): Promise<HostTensor> {
  let output: HostTensor | undefined;
  await onDevice(oracle.backend(), async (device) => {
    output = await device.compute(() => (layer instanceof Module ? layer.forward(tensor(input)) : layer(tensor(input))));
    if (layer instanceof Module) layer[Symbol.dispose]();
  });
  return output!;
}
const ones = (shape: number[]): HostTensor => hostTensor(new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);
const weightOf = (value: number) => (shape: readonly number[]) => constant(shape, { value });

describe("linear", () => {
  test("by hand: [1, 2]·[[1, 2], [3, 4]] + [10, 20]", async () => {
    const layer = new Linear({ inputs: 2, outputs: 2, rng });
    layer.weight.load(hostTensor(Float64Array.of(1, 2, 3, 4), [2, 2]));
    layer.bias!.load(hostTensor(Float64Array.of(10, 20), [2]));
    expect([...(await run(layer, hostTensor(Float64Array.of(1, 2), [1, 2]))).data]).toEqual([17, 30]);
  });

  test("starts uniform in ±1/√inputs, weights and biases from streams of their own", async () => {
    using layer = new Linear({ inputs: 100, outputs: 50, rng });
    const [weight, bias] = [await layer.weight.read(), await layer.bias!.read()];
    for (const { data } of [weight, bias]) expect(Math.max(...Array.from(data, Math.abs))).toBeLessThanOrEqual(0.1 + 1e-6);
    expect(weight.data.slice(0, 50)).not.toEqual(bias.data);
  });

  test("the activation acts last", async () => {
    const layer = new Linear({ inputs: 1, outputs: 1, activation: "relu", weightInit: weightOf(-1), biasInit: weightOf(0.5), rng });
    expect([...(await run(layer, hostTensor(Float64Array.of(0, 1), [2, 1]))).data]).toEqual([0.5, 0]);
  });
});

describe("convolutions of ones by ones count what the window covers", () => {
  const weightInit = weightOf(1);
  test("3 × 3, padding same: 4 in a corner, 6 at an edge, 9 inside, times the input channels", async () => {
    const layer = new Conv2d({ inputs: 2, outputs: 1, kernelSize: 3, padding: "same", bias: false, weightInit, rng });
    const { shape, data } = await run(layer, ones([1, 3, 3, 2]));
    expect(shape).toEqual([1, 3, 3, 1]);
    expect([...data]).toEqual([8, 12, 8, 12, 18, 12, 8, 12, 8]);
  });

  test("groups see their own channels", async () => {
    const layer = new Conv2d({ inputs: 4, outputs: 2, kernelSize: 1, groups: 2, bias: false, weightInit, rng });
    expect(layer.weight.shape).toEqual([1, 1, 2, 2]);
    expect([...(await run(layer, hostTensor(Float64Array.of(1, 2, 10, 20), [1, 1, 1, 4]))).data]).toEqual([3, 30]);
  });

  test("depthwise: each channel alone, as many times as the multiplier", async () => {
    const layer = new DepthwiseConv2d({ channels: 2, multiplier: 2, kernelSize: 1, bias: false, weightInit, rng });
    expect([...(await run(layer, hostTensor(Float64Array.of(3, 5), [1, 1, 1, 2]))).data]).toEqual([3, 3, 5, 5]);
  });

  test("transposed, stride 2, padding same: twice as large; DCGAN's shapes", async () => {
    const layer = new ConvTranspose2d({ inputs: 256, outputs: 128, kernelSize: 5, stride: 2, padding: "same", bias: false, rng });
    expect(layer.weight.shape).toEqual([5, 5, 128, 256]);
    expect((await run(layer, ones([1, 7, 7, 256]))).shape).toEqual([1, 14, 14, 128]);
  });

  test("transposed by hand: a 2 × 2 kernel of ones at stride 2 copies each pixel four times", async () => {
    const layer = new ConvTranspose2d({ inputs: 1, outputs: 1, kernelSize: 2, stride: 2, bias: false, weightInit, rng });
    const { shape, data } = await run(layer, hostTensor(Float64Array.of(1, 2), [1, 1, 2, 1]));
    expect(shape).toEqual([1, 2, 4, 1]);
    expect([...data]).toEqual([1, 1, 2, 2, 1, 1, 2, 2]);
  });

  test("over a sequence: sums of two neighbours", async () => {
    const layer = new Conv1d({ inputs: 1, outputs: 1, kernelSize: 2, bias: false, weightInit, rng });
    const input = hostTensor(Float64Array.of(1, 2, 4), [1, 3, 1]);
    expect([...(await run(layer, input)).data]).toEqual([3, 6]);
  });

  test("over a sequence, transposed: each value goes into three places of a result twice as long, and one", async () => {
    const layer = new ConvTranspose1d({ inputs: 1, outputs: 1, kernelSize: 3, stride: 2, bias: false, weightInit, rng });
    const input = hostTensor(Float64Array.of(1, 2, 4), [1, 3, 1]);
    expect([...(await run(layer, input)).data]).toEqual([1, 1, 3, 2, 6, 4, 4]);
    expect(flopsOf(layer, { input: [1, 3, 1], output: [1, 7, 1] })).toBe(2 * 3 * 3);
    const twice = new ConvTranspose1d({ inputs: 1, outputs: 1, kernelSize: 2, stride: 2, padding: "same", bias: false, weightInit, rng });
    expect([...(await run(twice, input)).data]).toEqual([1, 1, 2, 2, 4, 4]);
  });

  test("over a volume: sums of eight neighbours, with zeros around", async () => {
    const layer = new Conv3d({ inputs: 1, outputs: 2, kernelSize: 2, padding: [1, 0, 0], bias: false, weightInit, rng });
    const input = hostTensor(Float64Array.of(1, 2, 3, 4, 10, 20, 30, 40), [1, 2, 2, 2, 1]);
    const { shape, data } = await run(layer, input);
    expect(shape).toEqual([1, 3, 1, 1, 2]);
    expect([...data]).toEqual([10, 10, 110, 110, 100, 100]);
  });

  test("the axes of a volume have kernels and strides of their own, and groups their own weights", async () => {
    using layer = new Conv3d({ inputs: 4, outputs: 6, kernelSize: [3, 2, 1], stride: [1, 2, 3], groups: 2, rng });
    expect(layer.weight.shape).toEqual([3, 2, 1, 2, 6]);
    expect((await run(layer, ones([2, 5, 6, 7, 4]))).shape).toEqual([2, 3, 3, 3, 6]);
    // Each of 324 outputs is a sum of twelve products.
    expect(flopsOf(layer, { input: [2, 5, 6, 7, 4], output: [2, 3, 3, 3, 6] })).toBe(2 * 12 * 324);
    expect(() => new Conv3d({ inputs: 1, outputs: 1, kernelSize: [3, 3] as never, rng })).toThrow(
      "Conv3d: expected kernelSize, a whole number ≥ 1 or [depth, height, width], got [3,3].",
    );
    expect(() => new ConvTranspose1d({ inputs: 4, outputs: 3, kernelSize: 3, groups: 2, rng })).toThrow(
      "ConvTranspose1d: expected outputs / groups, a whole number ≥ 1, got 1.5.",
    );
  });

  test("a bias starts in ±1/√fanIn, with the fan of its own kernel", async () => {
    using layer = new Conv2d({ inputs: 16, outputs: 64, kernelSize: [5, 5], rng });
    const largest = Math.max(...Array.from((await layer.bias!.read()).data, Math.abs));
    expect(largest).toBeLessThanOrEqual(1 / 20 + 1e-6);
    expect(largest).toBeGreaterThan(1 / 25);
  });
});

describe("embedding", () => {
  test("looks rows up; padding is zero and gets no gradient", async () => {
    await onDevice(oracle.backend(), async (device) => {
      using layer = new Embedding({ count: 3, size: 2, paddingIndex: 1, rng });
      const table = (await layer.weight.read()).data;
      const { rows, slope } = await device.compute(() => {
        const ids = tensor(
          [
            [0, 1],
            [2, 0],
          ],
          { dtype: "int32" },
        );
        const { grads } = valueAndGrad(() => layer.forward(ids).sum(), [layer.weight]);
        return { rows: layer.forward(ids), slope: grads.get(layer.weight)! };
      });
      expect(rows.shape).toEqual([2, 2, 2]);
      expect([...rows.data]).toEqual([table[0], table[1], 0, 0, table[4], table[5], table[0], table[1]]);
      expect([...slope.data]).toEqual([2, 2, 0, 0, 1, 1]);
    });
  });

  test("a padding index outside of the table", () => {
    expect(() => new Embedding({ count: 3, size: 2, paddingIndex: 3, rng })).toThrow(OptionError);
  });
});

describe("activations, pooling and flattening", () => {
  test.each([
    [new Relu(), [0, 0, 2]],
    [new LeakyRelu({ slope: 0.2 }), [-0.2, 0, 2]],
    [new PRelu(), [-0.25, 0, 2]],
    [new Elu({ alpha: 2 }), [2 * Math.expm1(-1), 0, 2]],
    [new Elu(), [Math.expm1(-1), 0, 2]],
    [new Silu(), [-1 / (1 + Math.E), 0, 2 / (1 + Math.exp(-2))]],
    [new Gelu(), [-0.15865525393145707, 0, 1.9544997361036416]],
    [new Gelu({ approximation: "tanh" }), [-0.15880800939172324, 0, 1.9545976940877752]],
    [new Sigmoid(), [1 / (1 + Math.E), 0.5, 1 / (1 + Math.exp(-2))]],
    [new Tanh(), [Math.tanh(-1), 0, Math.tanh(2)]],
    [new Softmax(), [-1, 0, 2].map((x) => Math.exp(x) / (Math.exp(-1) + 1 + Math.exp(2)))],
  ])("%o", async (layer: Module & { forward(x: Tensor): Tensor }, wanted) => {
    const { data } = await run(layer, hostTensor(Float64Array.of(-1, 0, 2), [3]));
    for (const [i, value] of wanted.entries()) expect(data[i]).toBeCloseTo(value, 7); // erf to single precision
  });

  test("pooling a 2 × 2 image of 1 … 4, and flattening", async () => {
    const image = hostTensor(Float64Array.of(1, 2, 3, 4), [1, 2, 2, 1]);
    expect([...(await run(new MaxPool2d({ kernelSize: 2 }), image)).data]).toEqual([4]);
    const sequence = hostTensor(Float64Array.of(1, 3, 2, 6), [1, 4, 1]);
    expect([...(await run(new MaxPool1d({ kernelSize: 2 }), sequence)).data]).toEqual([3, 6]);
    expect([...(await run(new AveragePool1d({ kernelSize: 2 }), sequence)).data]).toEqual([2, 4]);
    expect([...(await run(new AveragePool2d({ kernelSize: [1, 2] }), image)).data]).toEqual([1.5, 3.5]);
    expect(await run(new GlobalAveragePool2d(), image)).toEqual(hostTensor(Float64Array.of(2.5), [1, 1]));
    expect((await run(new Flatten(), image)).shape).toEqual([1, 4]);
  });

  test("in a Sequential they are children, found by observers under their numbers", () => {
    using model = new Sequential([new Flatten(), new Linear({ inputs: 4, outputs: 1, rng }), (x) => x.mul(2)]);
    expect([...model.children.keys()]).toEqual(["layers.0", "layers.1"]);
    expect([...model.state().keys()]).toEqual(["layers.1.weight", "layers.1.bias"]);
  });
});

test("the mode reaches every layer of a Sequential", async () => {
  const seen: boolean[] = [];
  await onDevice(oracle.backend(), async (device) => {
    const { BatchNorm } = await import("./batch-norm.ts");
    using model = new Sequential([new BatchNorm({ channels: 1 }), new Sequential([new BatchNorm({ channels: 1 })])]);
    for (const mode of [inference, training(rng)]) {
      await device.compute(() => void model.forward(tensor([[1], [3]]), mode));
      const means = await Promise.all(
        [...model.buffers].filter(([path]) => path.endsWith("runningMean")).map(([, cell]: [string, Cell]) => cell.read()),
      );
      seen.push(means[0]!.data[0] !== 0);
    }
  });
  expect(seen).toEqual([false, true]);
});
