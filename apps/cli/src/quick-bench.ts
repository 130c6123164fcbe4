/** How fast a device is, in a few seconds: a matrix product, a training step of a small network, and an operation on next to nothing. */

import { KerasCnn, kerasCnnCifar10 } from "@dl/cnn";
import { add, Cell, type Device, matmul, Rng, type Scalar, scope, slice, upload, valueAndGrad } from "@dl/core";
import { AdamW, crossEntropy, training } from "@dl/nn";

/** One measurement. */
export interface Measured {
  readonly name: string;
  /** Median of a call. */
  readonly milliseconds: number;
  /** Calls that were measured. */
  readonly calls: number;
  /** What is done in a second, in `unit`. */
  readonly rate: number;
  readonly unit: "GFLOPS" | "images/s" | "operations/s";
}

const size = 512;
const batch = 32;
const additions = 1000;

/** Prepared once; the step may be profiled after it was measured. */
export class QuickBench implements Disposable {
  readonly #device: Device;
  readonly #model: KerasCnn;
  readonly #optimizer: AdamW;
  readonly #examples;
  readonly #matrices: readonly [Cell, Cell];
  readonly #few: readonly [Cell, Cell];
  readonly #rng = new Rng(1);

  constructor(device: Device) {
    const rng = this.#rng;
    this.#device = device;
    this.#model = new KerasCnn({ ...kerasCnnCifar10, rng: rng.fork("init") });
    this.#optimizer = new AdamW(this.#model.parameters(), { learningRate: 1e-4 });
    this.#examples = {
      images: rng.fork("images").normal([batch, 32, 32, 3]),
      labels: rng.fork("labels").integers([batch], 0, 10),
    };
    const pair = (name: string, shape: number[]): [Cell, Cell] => [
      new Cell(rng.fork(`left ${name}`).normal(shape)),
      new Cell(rng.fork(`right ${name}`).normal(shape)),
    ];
    this.#matrices = pair("matrix", [size, size]);
    this.#few = pair("few", [64]);
  }

  /** @param seconds  For each measurement, after a warm-up of a third of it. */
  async measure({ seconds }: { seconds: number }): Promise<Measured[]> {
    const product = await timeOf(() => this.#product(), seconds);
    const step = await timeOf(() => this.#device.compute(() => this.step()), seconds);
    const addition = await timeOf(() => this.#add(), seconds);
    const each = addition.milliseconds / additions;
    return [
      { name: `product of two ${size} × ${size} matrices`, ...product, rate: (2 * size ** 3) / product.milliseconds / 1e6, unit: "GFLOPS" },
      { name: `training step of a CNN, ${batch} images of 32 × 32`, ...step, rate: (1000 * batch) / step.milliseconds, unit: "images/s" },
      { name: "adding 64 numbers", milliseconds: each, calls: addition.calls * additions, rate: 1000 / each, unit: "operations/s" },
    ];
  }

  /** A training step, inside `compute` or `profile`; its loss. */
  step(): Scalar {
    const { images, labels } = upload(this.#examples);
    const mode = training(this.#rng.fork("dropout"));
    const { value, grads } = valueAndGrad(() => crossEntropy(this.#model.forward(images, mode), labels), this.#model.parameters());
    this.#optimizer.update(grads);
    return value;
  }

  /** One element is read back: a device that computes later must be done by then. */
  async #product(): Promise<void> {
    const [left, right] = this.#matrices;
    await this.#device.compute(() => slice(matmul(left.value, right.value), [0, 0], { sizes: [1, 1] }));
  }

  async #add(): Promise<void> {
    const [left, right] = this.#few;
    await this.#device.compute(() => {
      const [x, y] = [left.value, right.value];
      scope(() => {
        for (let i = 1; i < additions; i++) add(x, y);
      });
      return add(x, y);
    });
  }

  [Symbol.dispose](): void {
    this.#model[Symbol.dispose]();
    this.#optimizer[Symbol.dispose]();
    for (const cell of [...this.#matrices, ...this.#few]) cell[Symbol.dispose]();
  }
}

/** Median of the calls that fit into `seconds`, at least three. */
async function timeOf(work: () => Promise<unknown>, seconds: number): Promise<{ milliseconds: number; calls: number }> {
  const start = performance.now();
  do await work();
  while (performance.now() - start < (1000 * seconds) / 3);
  const times: number[] = [];
  const measured = performance.now();
  do {
    const before = performance.now();
    await work();
    times.push(performance.now() - before);
  } while (times.length < 3 || performance.now() - measured < 1000 * seconds);
  times.sort((a, b) => a - b);
  return { milliseconds: times[times.length >> 1]!, calls: times.length };
}
