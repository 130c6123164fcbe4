import { cpu } from "@dl/backend-cpu";
import { LeNet, lenetMnist } from "@dl/cnn";
import { foldBatchNorm, portableIntegers, quantise, quantiseWeights } from "@dl/compress";
import { flatten, type HostTensor, maxPool2d, openDevice, Rng, type Tensor, tensor } from "@dl/core";
import { Conv1d, Conv2d, ConvTranspose2d, inference, Linear, type Mode, Module, Sequential } from "@dl/nn";
import { InferenceSession } from "onnxruntime-node";
import { expect, test } from "vitest";
import { keepFile, runOnnx } from "./export-fixture.ts";
import { exportOnnx } from "./export-onnx.ts";

const rng = new Rng(6);
const device = await openDevice(cpu());

/** A decoder: channels on the last axis but one of the weight. */
class Decoder extends Module {
  readonly down: Conv2d = new Conv2d({ inputs: 2, outputs: 6, kernelSize: 3, stride: 2, padding: 1, rng: rng.fork("down") });
  readonly depthwise: Conv2d = new Conv2d({ inputs: 6, outputs: 6, kernelSize: 3, padding: "same", groups: 6, rng: rng.fork("depthwise") });
  readonly up: ConvTranspose2d = new ConvTranspose2d({ inputs: 6, outputs: 4, kernelSize: 4, stride: 2, padding: 1, rng: rng.fork("up") });

  forward(x: Tensor, _mode: Mode): Tensor {
    return this.up.forward(this.depthwise.forward(this.down.forward(x)).relu());
  }
}

/** Convolution over time: its weight is read with an axis more than it has. */
class Signal extends Module {
  readonly conv: Conv1d = new Conv1d({ inputs: 3, outputs: 5, kernelSize: 3, padding: "same", rng: rng.fork("conv") });
  readonly head: Linear = new Linear({ inputs: 5, outputs: 2, rng: rng.fork("head") });

  forward(x: Tensor, _mode: Mode): Tensor {
    return this.head.forward(this.conv.forward(x).relu());
  }
}

const models: readonly (readonly [
  name: string,
  shape: readonly number[],
  weights: number,
  make: () => Module & { forward(x: Tensor, mode: Mode): Tensor },
])[] = [
  ["LeNet", [28, 28, 1], 5, () => new LeNet({ ...lenetMnist, rng: rng.fork("lenet") })],
  ["transposed and depthwise convolutions", [8, 8, 2], 3, () => new Decoder()],
  ["a convolution over time", [7, 3], 2, () => new Signal()],
];

test.each(models)("%s, rounded by @dl/compress, is the same numbers in ONNX Runtime as here, in int8", async (_, shape, weights, make) => {
  using model = make();
  const draw = (name: string, count: number): HostTensor => rng.fork(name).uniform([count, ...shape]);
  const inputs = { x: { shape: ["batch", ...shape] } } as const;
  const forward = ({ x }: { x: Tensor }): Tensor => model.forward(x, inference);
  const float = await exportOnnx(model, { inputs, forward });
  const quantised = await quantise(model, { device, calibration: [draw("calibration", 16)] });
  const examples = 5;
  const x = draw("images", examples);
  const expected = (await device.compute(() => quantised.forward(tensor(x), inference))) as unknown as HostTensor;
  const quantization = await portableIntegers(quantised);
  expect([quantization.weights.size, quantization.inputs.size, quantization.grouped]).toEqual([weights, weights, []]);
  quantised.detach();
  const plain = (await device.compute(() => model.forward(tensor(x), inference))) as unknown as HostTensor;
  const bytes = await exportOnnx(model, { inputs, forward, quantization });
  keepFile(model, bytes);

  const session = await InferenceSession.create(bytes);
  const found = (await runOnnx(session, { x })).get("output")!;
  await session.release();
  expect(found.shape).toEqual(expected.shape);
  const size = expected.data.length / examples;
  /** The largest difference of each example, ascending. */
  const differences = ({ data }: HostTensor): number[] =>
    Array.from({ length: examples }, (_, row) =>
      Math.max(...Array.from({ length: size }, (_, i) => Math.abs(data[row * size + i]! - expected.data[row * size + i]!))),
    ).sort((a, b) => a - b);
  const [own, floats] = [differences(found), differences(plain)];
  const largest = Math.max(...Array.from(expected.data, Math.abs));
  // Sums in another order; now and then one carries an activation from one of its 256 steps to the next, and that example with it.
  expect(own[examples >> 1]).toBeLessThan(1e-5 * largest);
  expect(own.at(-1)).toBeLessThan(0.5 * floats.at(-1)!);
  expect(floats[0]).toBeGreaterThan(1e-3 * largest);
  const text = Buffer.from(bytes).toString("latin1");
  expect(text.match(/DequantizeLinear_\d+/g)?.length).toBeGreaterThan(2 * weights);
  if (shape[0] === 28) expect(bytes.length).toBeLessThan(float.length / 3.5);
});

test("int4 weights are integers where each channel has one scale, and rounded floats where it has several", async () => {
  const make = (): Sequential =>
    new Sequential([
      new Conv2d({ inputs: 1, outputs: 4, kernelSize: 3, rng: rng.fork("conv") }),
      (x: Tensor) => flatten(maxPool2d(x, { kernelSize: 2 })),
      new Linear({ inputs: 36, outputs: 3, rng: rng.fork("head") }),
    ]);
  using model = make();
  await foldBatchNorm(model, { device, inputShape: [8, 8, 1] });
  // Nine values a channel of the first layer, thirty-six of the second.
  const quantised = await quantiseWeights(model, { bits: 4, group: 9 });
  const quantization = await portableIntegers(quantised);
  expect([...quantization.weights.keys()]).toEqual(["layers.0.weight"]);
  expect(quantization.grouped).toEqual(["layers.2.weight"]);
  const x = rng.fork("images").uniform([2, 8, 8, 1]);
  const forward = ({ images }: { images: Tensor }): Tensor => model.forward(images, inference);
  // Not detached: its floats are rounded, and nothing rounds inputs.
  const bytes = await exportOnnx(model, { inputs: { images: { shape: ["batch", 8, 8, 1] } }, forward, quantization });
  const expected = (await device.compute(() => quantised.forward(tensor(x), inference))) as unknown as HostTensor;
  const session = await InferenceSession.create(bytes);
  const found = (await runOnnx(session, { images: x })).get("output")!;
  await session.release();
  for (const [i, value] of expected.data.entries()) expect(found.data[i]).toBeCloseTo(value, 5);
});

test("a quantised weight that no product or convolution meets is an error, not floats in silence", async () => {
  class Scaled extends Module {
    readonly linear: Linear = new Linear({ inputs: 2, outputs: 2, bias: false, rng: rng.fork("linear") });
    forward(x: Tensor): Tensor {
      return x.mul(this.linear.weight.value);
    }
  }
  using model = new Scaled();
  const quantization = await portableIntegers(await quantiseWeights(model));
  await expect(exportOnnx(model, { inputs: { x: { shape: [2, 2] } }, forward: ({ x }) => model.forward(x), quantization })).rejects.toThrow(
    /expected quantised weights of matrix products and convolutions, got linear\.weight/,
  );
});
