/** The contract of long runs: training leaves nothing behind on the device, step after step. */

import { expect, test } from "vitest";
import { valueAndGrad } from "../autodiff.ts";
import type { Backend, MemoryUse } from "../backend.ts";
import { Cell } from "../cell.ts";
import { openDevice } from "../device.ts";
import { tensor } from "../ops/creation.ts";
import { softmaxCrossEntropy } from "../ops/cross-entropy.ts";
import { tanh } from "../ops/elementwise.ts";
import { linear } from "../ops/linear.ts";
import { dropout } from "../ops/random.ts";
import { mean } from "../ops/reduce.ts";
import { adamUpdate } from "../ops/updates.ts";
import { Rng } from "../rng.ts";

const steps = 1000;
/** By then every constant, pool and pipeline that a step needs is there. */
const settling = 10;

export function stepsContract(backend: Backend): void {
  test(`memory: ${steps} training steps leave what ${settling} left, and its owners' last buffer goes with them`, {
    timeout: 180_000,
  }, async () => {
    await using device = await openDevice(backend);
    const rng = new Rng(3);
    const parameters = [[6, 8], [8], [8, 3], [3]].map((shape, i) => new Cell(rng.fork(`parameter ${i}`).normal(shape)));
    const zeros = ({ shape, size }: Cell): Cell => new Cell({ shape, dtype: "float32", data: new Float32Array(size) });
    const moments = parameters.map((cell) => ({ first: zeros(cell), second: zeros(cell) }));
    const labels = Int32Array.of(0, 1, 2, 1);
    const adam = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
    let settled: MemoryUse | undefined;
    for (let step = 1; step <= steps; step++) {
      const images = rng.normal([4, 6]);
      const mask = rng.fork(`dropout ${step}`);
      const loss = await device.compute(() => {
        const work = () => {
          const [weight, bias, head, shift] = parameters.map((cell) => cell.value);
          const hidden = dropout(tanh(linear(tensor(images), weight!, { bias: bias! })), { rate: 0.2, rng: mask }); // [4, 8]
          return mean(softmaxCrossEntropy(linear(hidden, head!, { bias: shift! }), tensor(labels)));
        };
        const { value, grads } = valueAndGrad(work, parameters);
        const corrections = { correction1: 1 - 0.9 ** step, correction2: 1 - 0.999 ** step };
        for (const [i, cell] of parameters.entries()) {
          adamUpdate(cell, grads.get(cell)!, { ...moments[i]!, step: { ...adam, ...corrections } });
        }
        return value;
      });
      if (step === 1 || step === steps) expect(loss).toBeGreaterThan(0);
      if (step === settling) settled = device.memory();
    }
    expect(device.memory()).toEqual(settled);
    for (const cell of [...parameters, ...moments.flatMap(({ first, second }) => [first, second])]) cell[Symbol.dispose]();
    expect(device.memory()).toMatchObject({ buffers: 0, bytes: 0 });
  });
}
