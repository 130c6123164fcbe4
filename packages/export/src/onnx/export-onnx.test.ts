import { cpu } from "@dl/backend-cpu";
import { cumprod, type HostTensor, openDevice, Rng, randomUniform, type Tensor, tensor } from "@dl/core";
import { Conv2d, Dropout, Flatten, inference, Linear, Module, Parameter, Sequential, training } from "@dl/nn";
import { InferenceSession } from "onnxruntime-node";
import { expect, test } from "vitest";
import { runOnnx } from "./export-fixture.ts";
import { exportOnnx } from "./export-onnx.ts";
import { Message } from "./protobuf.ts";
import type { ActivationRange, QuantizedWeight } from "./quantization.ts";

const rng = new Rng(2);

test("a protobuf message is what the guide says: 150 in field 1 is 08 96 01, −1 takes ten bytes, text has its length before it", () => {
  expect([...new Message().integer(1, 150).toBytes()]).toEqual([0x08, 0x96, 0x01]);
  expect([...new Message().integer(1, -1).toBytes()]).toEqual([0x08, ...Array.from({ length: 9 }, () => 0xff), 0x01]);
  expect([...new Message().text(2, "testing").toBytes()]).toEqual([0x12, 0x07, ...Buffer.from("testing")]);
  expect([...new Message().message(3, new Message().integer(1, 150)).toBytes()]).toEqual([0x1a, 0x03, 0x08, 0x96, 0x01]);
  expect([...new Message().integers(4, [3, 270, 86942]).toBytes()]).toEqual([0x22, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05]);
});

test("the file says what it takes and gives, with free sizes by name, and holds weights under their paths", async () => {
  using model = new Sequential([new Flatten(), new Linear({ inputs: 12, outputs: 2, rng })]);
  const bytes = await exportOnnx(model, {
    inputs: { images: { shape: ["batch", 2, 6] } },
    forward: ({ images }) => ({ logits: model.forward(images, inference) }),
    metadata: { classes: "a,b" },
  });
  const session = await InferenceSession.create(bytes);
  expect(session.inputMetadata).toMatchObject([{ name: "images", type: "float32", shape: ["batch", 2, 6] }]);
  expect(session.outputMetadata).toMatchObject([{ name: "logits", type: "float32", shape: ["batch", 2] }]);
  for (const text of ["layers.1.weight", "layers.1.bias", "classes", "a,b", "Sequential"])
    expect(Buffer.from(bytes).includes(text)).toBe(true);
  await session.release();
});

test("the model is as it was: on its device, with its weights, fit to be trained and exported again", async () => {
  await using device = await openDevice(cpu());
  using model = new Linear({ inputs: 2, outputs: 2, rng });
  const run = () => device.compute(() => model.forward(tensor([[1, 2]])));
  const before = await run();
  const options = { inputs: { x: { shape: ["batch", 2] } }, forward: ({ x }: { x: Tensor }) => model.forward(x) } as const;
  const first = await exportOnnx(model, options);
  expect(await run()).toEqual(before);
  expect(await exportOnnx(model, options)).toEqual(first);
});

test("what cannot be written down is named", async () => {
  class Odd extends Module {
    readonly scale: Parameter = new Parameter({ shape: [4], dtype: "float32", data: Float32Array.of(1, 2, 3, 4) });
    readonly work: (x: Tensor, scale: Tensor) => Tensor;
    constructor(work: Odd["work"]) {
      super();
      this.work = work;
    }
    forward(x: Tensor): Tensor {
      return this.work(x, this.scale.value);
    }
  }
  const attempt = (work: Odd["work"]) => {
    const model = new Odd(work);
    return exportOnnx(model, { inputs: { x: { shape: ["batch", "time", 4] } }, forward: ({ x }) => model.forward(x) });
  };
  await expect(attempt((x) => cumprod(x, 2))).rejects.toThrow(/got cumulate product/);
  await expect(attempt((x) => x.add(randomUniform(x.shape, { rng })))).rejects.toThrow(/got randomUniform.*pass noise as an input/s);
  await expect(attempt((x) => Array.from({ length: x.shape[1]! }).reduce<Tensor>((y) => y.tanh(), x))).rejects.toThrow(
    /loops over one of them, or decides by it: give that axis a fixed size/,
  );
  const byLength = (x: Tensor): Tensor =>
    x.mul(tensor(Float32Array.from({ length: x.shape[1]! }, (_, i) => Math.sin(i / x.shape[1]!))).reshape([-1, 1]));
  await expect(attempt(byLength)).rejects.toThrow(/constants that do not change with free sizes but for their length/);
  await expect(attempt((x) => x.slice([0, 0, 0], [2, 3, 40]))).rejects.toThrow(/slice: expected a part.*In a trace at batch 2, time 7/s);
});

test("options that cannot be are refused", async () => {
  using model = new Linear({ inputs: 2, outputs: 2, rng });
  const attempt = (options: object) =>
    exportOnnx(model, { inputs: { x: { shape: ["batch", 2] } }, forward: ({ x }) => model.forward(x), ...options });
  await expect(attempt({ inputs: {} })).rejects.toThrow(/at least one input/);
  await expect(attempt({ inputs: { x: { shape: ["a b", 2] } } })).rejects.toThrow(/got "a b"/);
  await expect(attempt({ largest: { time: 3 } })).rejects.toThrow(/largest sizes of batch, got one of "time"/);
  await expect(attempt({ forward: ({ x }: { x: Tensor }) => ({ x: model.forward(x) }) })).rejects.toThrow(
    /other names than the inputs, got "x"/,
  );
  await expect(attempt({ forward: () => 3 })).rejects.toThrow(/expected forward to return a tensor/);
  const weights = (entry: Partial<QuantizedWeight>) =>
    new Map([["weight", { data: new Int8Array(4), scales: Float32Array.of(1), ...entry } as QuantizedWeight]]);
  await expect(attempt({ quantization: { weights: weights({ data: new Int8Array(3) }) } })).rejects.toThrow(
    /expected 4 elements and 1 or 2 scales/,
  );
  await expect(attempt({ quantization: { weights: weights({ scales: Float32Array.of(0) }) } })).rejects.toThrow(/expected scales > 0/);
  await expect(attempt({ quantization: { weights: new Map([["wait", weights({}).get("weight")!]]) } })).rejects.toThrow(/got one of wait/);
});

/** Round to nearest in [−127, 127], a scale a channel of the last axis. */
function quantize({ shape, data }: HostTensor): QuantizedWeight {
  const channels = shape.at(-1)!;
  const scales = new Float32Array(channels);
  for (let i = 0; i < data.length; i++) scales[i % channels] = Math.max(scales[i % channels]!, Math.abs(data[i]!) / 127);
  return { data: Int8Array.from(data, (value, i) => Math.round(value / scales[i % channels]!)), scales };
}

test("int8 weights and ranges of activations become QDQ: the same as rounding them by hand, and a quarter of the size", async () => {
  const make = () =>
    new Sequential([
      new Conv2d({ inputs: 1, outputs: 8, kernelSize: 3, activation: "relu", rng: rng.fork("conv") }),
      new Flatten(),
      new Linear({ inputs: 8 * 36, outputs: 64, rng: rng.fork("head") }),
    ]);
  using model = make();
  const inputs = { images: { shape: ["batch", 8, 8, 1] } } as const;
  const weights = new Map<string, QuantizedWeight>();
  using rounded = make();
  for (const [path, cell] of model.namedParameters()) {
    if (!path.endsWith("weight")) continue;
    const host = await cell.read();
    const quantized = quantize(host);
    weights.set(path, quantized);
    const { scales } = quantized;
    const data = Float32Array.from(quantized.data, (value, i) => value * scales[i % scales.length]!);
    rounded.namedParameters().get(path)!.load({ shape: host.shape, dtype: "float32", data });
  }
  const plain = await exportOnnx(model, { inputs, forward: ({ images }) => model.forward(images, inference) });
  const small = await exportOnnx(model, { inputs, forward: ({ images }) => model.forward(images, inference), quantization: { weights } });
  expect(small.length).toBeLessThan(plain.length / 3.5);

  const images = rng.fork("images").uniform([3, 8, 8, 1]);
  const outputOf = async (bytes: Uint8Array): Promise<HostTensor> => {
    const session = await InferenceSession.create(bytes, { graphOptimizationLevel: "basic" });
    const output = (await runOnnx(session, { images })).get("output")!;
    await session.release();
    return output;
  };
  await using device = await openDevice(cpu());
  const expected = (await device.compute(() => rounded.forward(tensor(images), inference))) as HostTensor;
  const found = await outputOf(small);
  for (const [i, value] of expected.data.entries()) expect(found.data[i]).toBeCloseTo(value, 4);

  const ranges = new Map<string, ActivationRange>([
    ["layers.0.weight", { min: 0, max: 1 }],
    ["layers.2.weight", { min: 0, max: 2 }],
  ]);
  const whole = await exportOnnx(model, {
    inputs,
    forward: ({ images }) => model.forward(images, inference),
    quantization: { weights, inputs: ranges },
  });
  const coarse = await outputOf(whole);
  // 256 steps of what meets each weight: within a hundredth of the float result's range, and not equal to it.
  const largest = Math.max(...Array.from(expected.data, Math.abs));
  const worst = Math.max(...Array.from(expected.data, (value, i) => Math.abs(value - coarse.data[i]!)));
  expect(worst).toBeLessThan(0.02 * largest);
  expect(worst).toBeGreaterThan(0);
});

test("dropout is no part of a file of the forward pass in inference, and training is refused by what it draws", async () => {
  using model = new Sequential([new Linear({ inputs: 2, outputs: 2, rng }), new Dropout({ rate: 0.5 })]);
  const inputs = { x: { shape: ["batch", 2] } } as const;
  await expect(exportOnnx(model, { inputs, forward: ({ x }) => model.forward(x, training(rng)) })).rejects.toThrow(/randomUniform/);
  expect((await exportOnnx(model, { inputs, forward: ({ x }) => model.forward(x, inference) })).length).toBeGreaterThan(0);
});
