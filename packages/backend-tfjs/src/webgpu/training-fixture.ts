/** A small training for any device: two convolutions, pooling, layer norm, a dense layer, dropout, cross-entropy, Adam on all parameters. */

import {
  adamUpdate,
  type Backend,
  Cell,
  conv2d,
  dropout,
  gelu,
  layerNorm,
  linear,
  maxPool2d,
  mean,
  openDevice,
  Rng,
  reshape,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
  valueAndGrad,
} from "@dl/core";

export interface TrainingResult {
  readonly device: string;
  readonly losses: readonly number[];
  /** Buffers and bytes after each step. */
  readonly live: readonly { readonly buffers: number; readonly bytes: number; readonly peakBytes: number }[];
}

/** Equal weights, batches and dropout masks on every device. */
export async function trainSmall(backend: Backend, { steps }: { steps: number }): Promise<TrainingResult> {
  await using device = await openDevice(backend);
  const rng = new Rng(5);
  const weight = (name: string, shape: number[], scale: number, mean = 0): Cell => {
    const values = rng.fork(name).normal(shape, mean, scale);
    return new Cell(values);
  };
  const parameters = [
    weight("conv1", [3, 3, 3, 8], 0.2),
    weight("bias1", [8], 0.01),
    weight("conv2", [3, 3, 8, 12], 0.1),
    weight("scale", [108], 0.01, 1),
    weight("shift", [108], 0.01),
    weight("dense", [108, 7], 0.1),
    weight("bias2", [7], 0.01),
  ] as const;
  const zeros = ({ shape, size }: Cell): Cell => new Cell({ shape, dtype: "float32", data: new Float32Array(size) });
  const moments = parameters.map((cell) => ({ first: zeros(cell), second: zeros(cell) }));
  const images = rng.fork("images").normal([4, 12, 12, 3]);
  const labels = Int32Array.from({ length: 4 }, (_, i) => (i * 5) % 7);
  const losses: number[] = [];
  const live: TrainingResult["live"][number][] = [];
  for (let step = 1; step <= steps; step++) {
    const mask = rng.fork(`dropout ${step}`);
    const loss = await device.compute(() => {
      const x = tensor(images); // [4, 12, 12, 3]
      const { value, grads } = valueAndGrad(() => {
        const [conv1, bias1, conv2, scale, shift, dense, bias2] = parameters.map((cell) => cell.value) as Tensor[];
        let y = conv2d(x, conv1!, { bias: bias1, activation: "relu", padding: "same" }); // [4, 12, 12, 8]
        y = maxPool2d(conv2d(maxPool2d(y, { kernelSize: 2 }), conv2!, { padding: 1 }), { kernelSize: 2 }); // [4, 3, 3, 12]
        y = gelu(layerNorm(reshape(y, [4, -1]), { weight: scale!, bias: shift! })); // [4, 108]
        const logits = linear(dropout(y, { rate: 0.1, rng: mask }), dense!, { bias: bias2 }); // [4, 7]
        return mean(softmaxCrossEntropy(logits, tensor(labels)));
      }, [...parameters]);
      const adam = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
      const corrections = { correction1: 1 - 0.9 ** step, correction2: 1 - 0.999 ** step };
      for (const [i, cell] of parameters.entries())
        adamUpdate(cell, grads.get(cell)!, { ...moments[i]!, step: { ...adam, ...corrections } });
      return value;
    });
    losses.push(loss);
    live.push(device.memory());
  }
  for (const cell of [...parameters, ...moments.flatMap(({ first, second }) => [first, second])]) cell[Symbol.dispose]();
  return { device: device.name, losses, live };
}
