/** A small training that several engines must agree on: two convolutions, pooling, a dense layer, cross-entropy and SGD. */

import {
  Cell,
  conv2d,
  Device,
  linear,
  maxPool2d,
  mean,
  Rng,
  reshape,
  sgdUpdate,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
  valueAndGrad,
} from "@dl/core";
import type { WasmOptions } from "./wasm.ts";
import { wasm } from "./wasm.ts";

export interface TrainingResult {
  readonly device: string;
  readonly losses: readonly number[];
}

/** Ten steps on random images; the losses are the result. */
export async function trainSmall(options: WasmOptions): Promise<TrainingResult> {
  await using device = new Device(await wasm(options).open());
  const rng = new Rng(5);
  const weight = (name: string, shape: number[], scale: number): Cell => {
    const values = rng.fork(name).normal(shape);
    return new Cell({ ...values, data: values.data.map((value) => value * scale) });
  };
  const parameters = [
    weight("conv1", [3, 3, 3, 10], 0.2),
    weight("bias1", [10], 0),
    weight("conv2", [3, 3, 10, 12], 0.1),
    weight("dense", [12 * 3 * 3, 7], 0.1),
    weight("bias2", [7], 0),
  ] as const;
  const images = rng.fork("images").normal([20, 12, 12, 3]);
  const labels = Int32Array.from({ length: 20 }, (_, i) => (i * 5) % 7);
  const losses: number[] = [];
  for (let step = 0; step < 10; step++) {
    const { loss } = await device.compute(() => {
      const x = tensor(images); // [20, 12, 12, 3]
      const { value, grads } = valueAndGrad(() => {
        const [conv1, bias1, conv2, dense, bias2] = parameters.map((cell) => cell.value) as [Tensor, Tensor, Tensor, Tensor, Tensor];
        let y = conv2d(x, conv1, { bias: bias1, activation: "relu", padding: "same" }); // [20, 12, 12, 10]
        y = maxPool2d(conv2d(maxPool2d(y, { kernelSize: 2 }), conv2, { padding: 1 }), { kernelSize: 2 }); // [20, 3, 3, 12]
        const logits = linear(reshape(y, [20, -1]), dense, { bias: bias2 }); // [20, 7]
        return mean(softmaxCrossEntropy(logits, tensor(labels)));
      }, [...parameters]);
      for (const cell of parameters) {
        const options = { learningRate: 0.1, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, first: step === 0 };
        sgdUpdate(cell, grads.get(cell)!, { velocity: undefined, step: options });
      }
      return { loss: value };
    });
    losses.push(loss);
  }
  for (const cell of parameters) cell[Symbol.dispose]();
  return { device: device.name, losses };
}
