/** Devices and small networks that the tests of this package share. */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import {
  add,
  type Device,
  flatten,
  type HostTensor,
  hostTensor,
  maxPool2d,
  openDevice,
  type Rng,
  relu,
  type Tensor,
  tensor,
} from "@dl/core";
import { BatchNorm, Conv2d, inference, Linear, type Mode, Module } from "@dl/nn";
import type { TracedModel } from "./layers/traced-model.ts";

/** In float64, so that laws hold to rounding, or where something is trained on the faster device. */
export async function onDevice<T>(work: (device: Device) => Promise<T>, kind: "oracle" | "fast" = "oracle"): Promise<T> {
  await using device = await openDevice(kind === "oracle" ? cpu({ precision: "float64" }) : wasm({ threads: 1 }));
  const result = await work(device);
  return result;
}

/** Two dense layers with a ReLU between: `[B, 6]` → `[B, 3]`. */
export class Dense extends Module {
  readonly hidden: Linear;
  readonly head: Linear;

  constructor(rng: Rng, { hidden = 8 }: { hidden?: number } = {}) {
    super();
    this.hidden = new Linear({ inputs: 6, outputs: hidden, activation: "relu", rng: rng.fork("hidden") });
    this.head = new Linear({ inputs: hidden, outputs: 3, rng: rng.fork("head") });
  }

  forward(x: Tensor): Tensor {
    return this.head.forward(this.hidden.forward(x));
  }
}

/**
 * What makes tracing hard, small: normalisation, a residual sum, a depthwise convolution, a pool, and a flattened image before a dense layer.
 * `[B, 8, 8, 2]` → `[B, 3]`.
 */
export class Knot extends Module {
  readonly stem: Conv2d;
  readonly norm: BatchNorm;
  readonly inner: Conv2d;
  readonly outer: Conv2d;
  readonly depthwise: Conv2d;
  readonly wide: Linear;
  readonly head: Linear;

  constructor(rng: Rng) {
    super();
    const conv = (name: string, options: { inputs: number; outputs: number; groups?: number }): Conv2d =>
      new Conv2d({ ...options, kernelSize: 3, padding: "same", rng: rng.fork(name) });
    this.stem = conv("stem", { inputs: 2, outputs: 6 });
    this.norm = new BatchNorm({ channels: 6 });
    this.inner = conv("inner", { inputs: 6, outputs: 5 });
    this.outer = conv("outer", { inputs: 5, outputs: 6 });
    this.depthwise = conv("depthwise", { inputs: 6, outputs: 6, groups: 6 });
    this.wide = new Linear({ inputs: 6 * 16, outputs: 7, activation: "relu", rng: rng.fork("wide") });
    this.head = new Linear({ inputs: 7, outputs: 3, rng: rng.fork("head") });
    const statistics = rng.fork("statistics");
    this.norm.weight.load(statistics.uniform([6], 0.5, 1.5));
    this.norm.bias.load(statistics.normal([6]));
    this.norm.runningMean.load(statistics.normal([6]));
    this.norm.runningVariance.load(statistics.uniform([6], 0.5, 2));
  }

  forward(x: Tensor, mode: Mode): Tensor {
    const trunk = relu(this.norm.forward(this.stem.forward(x), mode)); // [B, 8, 8, 6]
    const sum = add(trunk, this.outer.forward(relu(this.inner.forward(trunk))));
    const pooled = maxPool2d(this.depthwise.forward(sum), { kernelSize: 2 }); // [B, 4, 4, 6]
    return this.head.forward(this.wide.forward(flatten(pooled)));
  }
}

/** Answers for a batch, in inference. */
export async function answers(model: TracedModel, inputs: HostTensor, device: Device): Promise<HostTensor> {
  return (await device.compute(() => model.forward(tensor(inputs), inference))) as unknown as HostTensor;
}

export function row(...numbers: number[]): HostTensor {
  return hostTensor(Float32Array.from(numbers), [1, numbers.length]);
}
