/** A benchmark of a few seconds: arithmetic, a training step, the price of a small operation, and where a step's time goes. */

import { LeNet, lenetMnist } from "@dl/cnn";
import { hostTensor, Rng, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { AdamW, crossEntropy } from "@dl/nn";
import type { OpenJob } from "../../engine/job.ts";
import type { DevicesContract } from "./contract.ts";

/** Milliseconds each measurement is repeated for. */
const patience = 400;
/** Images of a training step. */
const batchSize = 64;

export const openDevices: OpenJob<DevicesContract> = async ({ device, pacer, signal, emit }) => {
  const rng = new Rng(1);
  const model = new LeNet({ ...lenetMnist, rng: rng.fork("init") });
  const optimizer = new AdamW(model.parameters(), { learningRate: 1e-3 });
  const images = rng.fork("images").uniform([batchSize, 28, 28, 1]);
  const labels = hostTensor(
    Int32Array.from({ length: batchSize }, (_, i) => i % 10),
    [batchSize],
  );

  const step = (): Tensor => {
    const { value, grads } = valueAndGrad(() => crossEntropy(model.forward(tensor(images)), tensor(labels)), model.parameters());
    optimizer.update(grads);
    return value;
  };

  /** The best time of `work` in milliseconds; the first call, which compiles, does not count. */
  const fastest = async (work: () => Promise<unknown>): Promise<number> => {
    await work();
    let best = Number.POSITIVE_INFINITY;
    const end = performance.now() + patience;
    do {
      const start = performance.now();
      await work();
      best = Math.min(best, performance.now() - start);
      await pacer.turn();
    } while (performance.now() < end && !signal.aborted);
    return best;
  };

  return {
    async run() {
      for (const size of [128, 512]) {
        const [a, b] = [rng.fork("a").normal([size, size]), rng.fork("b").normal([size, size])];
        const chain = 4;
        const milliseconds = await fastest(() =>
          device.compute(() => {
            const right = tensor(b);
            let product: Tensor = tensor(a);
            for (let i = 0; i < chain; i++) product = product.matmul(right);
            // One number is read back: the products are what takes the time.
            return product.sum();
          }),
        );
        const value = (chain * 2 * size ** 3) / milliseconds / 1e6;
        emit({
          kind: "measured",
          measurement: { name: `matmul ${size}`, value, unit: "GFLOPS", meaning: "billions of sums and products a second" },
        });
        if (signal.aborted) return "stopped";
      }
      const training = await fastest(() => device.compute(step));
      const rate = (1000 * batchSize) / training;
      emit({
        kind: "measured",
        measurement: { name: "LeNet training", value: rate, unit: "images/s", meaning: "steps of 64 digits, forward, back and update" },
      });
      const small = rng.fork("small").normal([64]);
      const count = 200;
      const chain = await fastest(() =>
        device.compute(() => {
          let x: Tensor = tensor(small);
          for (let i = 0; i < count; i++) x = x.add(1);
          return x.sum();
        }),
      );
      emit({
        kind: "measured",
        measurement: {
          name: "one small operation",
          value: (1000 * chain) / count,
          unit: "µs",
          meaning: "the price of an operation on 64 numbers",
        },
      });
      const { kernels, milliseconds } = await device.profile(step);
      emit({
        kind: "profiled",
        kernels: kernels.map(({ name, launches, milliseconds }) => ({ name, launches, milliseconds })),
        milliseconds,
      });
      return "finished";
    },
    files: async () => undefined,
    asks: {},
    async [Symbol.asyncDispose]() {
      optimizer[Symbol.dispose]();
      model[Symbol.dispose]();
    },
  };
};
