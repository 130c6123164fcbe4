/** Devices and small models that the tests of this package share. */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { type Device, flatten, globalAveragePool2d, type HostTensor, openDevice, Rng, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { AdamW, Conv2d, crossEntropy, Linear, Module } from "@dl/nn";

/** In float64, so that laws hold to rounding, or where something is trained on the faster device. */
export async function onDevice<T>(work: (device: Device) => Promise<T>, kind: "oracle" | "fast" = "oracle"): Promise<T> {
  await using device = await openDevice(kind === "oracle" ? cpu({ precision: "float64" }) : wasm({ threads: 1 }));
  return await work(device);
}

/** Two dense layers with a ReLU between: `[B, inputs]` → `[B, classes]`. */
export class Dense extends Module {
  readonly hidden: Linear;
  readonly head: Linear;

  constructor({
    inputs = 6,
    classes = 3,
    bias = true,
    seed = 1,
  }: { inputs?: number; classes?: number; bias?: boolean; seed?: number } = {}) {
    super();
    const rng = new Rng(seed);
    this.hidden = new Linear({ inputs, outputs: 8, bias, activation: "relu", rng: rng.fork("hidden") });
    this.head = new Linear({ inputs: 8, outputs: classes, bias, rng: rng.fork("head") });
  }

  forward(x: Tensor): Tensor {
    return this.head.forward(this.hidden.forward(flatten(x)));
  }
}

/** Three convolutions and an average over the picture: `[B, 16, 16, 1]` → `[B, 4]`. */
export class ShapeNet extends Module {
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;
  readonly conv3: Conv2d;
  readonly head: Linear;

  constructor(rng: Rng) {
    super();
    const conv = (inputs: number, outputs: number, name: string): Conv2d =>
      new Conv2d({ inputs, outputs, kernelSize: 3, padding: "same", activation: "relu", rng: rng.fork(name) });
    this.conv1 = conv(1, 12, "conv1");
    this.conv2 = conv(12, 16, "conv2");
    this.conv3 = conv(16, 16, "conv3");
    this.head = new Linear({ inputs: 16, outputs: 4, rng: rng.fork("head") });
  }

  forward(images: Tensor): Tensor {
    return this.head.forward(flatten(globalAveragePool2d(this.conv3.forward(this.conv2.forward(this.conv1.forward(images))))));
  }
}

/**
 * A square (0), a cross (1) or a diagonal cross (2) of nine pixels in 5 × 5, somewhere in 16 × 16 of faint noise, or nothing (3): where it is,
 * and which. As many bright pixels in each, and of any brightness: were the shapes of different amounts, a network could know them by amount
 * alone, one of them by how little there is, and the evidence of that one would lie everywhere but on it. Likewise, were there always a shape,
 * one of the three could be told by what is not there.
 */
export interface Shapes {
  readonly images: HostTensor;
  readonly masks: HostTensor;
  readonly labels: Int32Array;
}

export function drawShapes(count: number, rng: Rng, { empty = true, darkest = 0.5 }: { empty?: boolean; darkest?: number } = {}): Shapes {
  const data = Float32Array.from(rng.uniform([count, 16, 16, 1], 0, 0.3).data);
  const masks = new Float32Array(count * 256);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const label = rng.integer(0, empty ? 4 : 3);
    const [top, left] = [rng.integer(0, 12), rng.integer(0, 12)];
    labels[i] = label;
    if (label === 3) continue;
    const light = rng.float(darkest, 1);
    for (let y = 0; y < 5; y++) {
      for (let x = 0; x < 5; x++) {
        const at = i * 256 + (top + y) * 16 + left + x;
        const inside = x > 0 && x < 4 && y > 0 && y < 4;
        const drawn = label === 0 ? inside : label === 1 ? x === 2 || y === 2 : x === y || x + y === 4;
        masks[at] = 1;
        if (drawn) data[at] = light;
      }
    }
  }
  return {
    images: { shape: [count, 16, 16, 1], dtype: "float32", data },
    masks: { shape: [count, 16, 16], dtype: "float32", data: masks },
    labels,
  };
}

/** A ShapeNet that knows its shapes. */
export async function trainedShapeNet(device: Device, { seed, steps }: { seed: number; steps: number }): Promise<ShapeNet> {
  const rng = new Rng(seed);
  const model = new ShapeNet(rng.fork("init"));
  using optimizer = new AdamW(model.parameters(), { learningRate: 0.01 });
  for (let step = 0; step < steps; step++) {
    const { images, labels } = drawShapes(32, rng.fork(`step ${step}`));
    await device.compute(() => {
      const { value, grads } = valueAndGrad(() => crossEntropy(model.forward(tensor(images)), tensor(labels)), model.parameters());
      optimizer.update(grads);
      return value;
    });
  }
  return model;
}
