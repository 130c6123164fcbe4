/** A small training that every device must agree on: two convolutions, pooling, a dense layer, cross-entropy, Adam and weight decay. */

import {
  adamUpdate,
  Cell,
  conv2d,
  type Device,
  linear,
  maxPool2d,
  mean,
  Rng,
  reshape,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
  valueAndGrad,
} from "@dl/core";

export class SmallTraining implements Disposable {
  readonly parameters: readonly [Cell, Cell, Cell, Cell, Cell];
  readonly #moments: readonly { readonly first: Cell; readonly second: Cell }[];
  readonly #images;
  readonly #labels;
  #steps = 0;

  constructor({ batch = 20 }: { batch?: number } = {}) {
    const rng = new Rng(5);
    const weight = (name: string, shape: number[], scale: number): Cell => {
      const values = rng.fork(name).normal(shape);
      return new Cell({ ...values, data: values.data.map((value) => value * scale) });
    };
    this.parameters = [
      weight("conv1", [3, 3, 3, 10], 0.2),
      weight("bias1", [10], 0),
      weight("conv2", [3, 3, 10, 12], 0.1),
      weight("dense", [12 * 3 * 3, 7], 0.1),
      weight("bias2", [7], 0),
    ];
    const nothing = ({ shape, size }: Cell): Cell => new Cell({ shape, dtype: "float32", data: new Float32Array(size) });
    this.#moments = this.parameters.map((cell) => ({ first: nothing(cell), second: nothing(cell) }));
    this.#images = rng.fork("images").normal([batch, 12, 12, 3]);
    this.#labels = Int32Array.from({ length: batch }, (_, i) => (i * 5) % 7);
  }

  /** One step on `device`, to which the weights move by themselves; its loss. */
  async step(device: Device): Promise<number> {
    const { parameters } = this;
    const t = ++this.#steps;
    const { loss } = await device.compute(() => {
      const x = tensor(this.#images); // [B, 12, 12, 3]
      const { value, grads } = valueAndGrad(() => {
        const [conv1, bias1, conv2, dense, bias2] = parameters.map((cell) => cell.value) as [Tensor, Tensor, Tensor, Tensor, Tensor];
        let y = conv2d(x, conv1, { bias: bias1, activation: "relu", padding: "same" }); // [B, 12, 12, 10]
        y = maxPool2d(conv2d(maxPool2d(y, { kernelSize: 2 }), conv2, { padding: 1 }), { kernelSize: 2 }); // [B, 3, 3, 12]
        const logits = linear(reshape(y, [this.#labels.length, -1]), dense, { bias: bias2 }); // [B, 7]
        return mean(softmaxCrossEntropy(logits, tensor(this.#labels)));
      }, [...parameters]);
      const hyper = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
      const step = { ...hyper, correction1: 1 - 0.9 ** t, correction2: 1 - 0.999 ** t };
      for (const [i, cell] of parameters.entries()) adamUpdate(cell, grads.get(cell)!, { ...this.#moments[i]!, step });
      return { loss: value };
    });
    return loss;
  }

  async steps(device: Device, count: number): Promise<number[]> {
    const losses: number[] = [];
    for (let i = 0; i < count; i++) losses.push(await this.step(device));
    return losses;
  }

  [Symbol.dispose](): void {
    for (const cell of this.parameters) cell[Symbol.dispose]();
    for (const { first, second } of this.#moments) {
      first[Symbol.dispose]();
      second[Symbol.dispose]();
    }
  }
}
