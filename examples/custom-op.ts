/**
 * An operation with a gradient of your own: a network whose weights are all −1 or 1 when it runs, trained with the straight-through estimator.
 * Courbariaux, Bengio, David 2015, "BinaryConnect", arXiv:1511.00363, algorithm 1.
 */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import {
  customGradient,
  flatten,
  greaterEqual,
  linear,
  onesLike,
  openDevice,
  Rng,
  relu,
  type Tensor,
  upload,
  valueAndGrad,
  where,
} from "@dl/core";
import { batches } from "@dl/data";
import { mnist } from "@dl/data/node";
import { Accuracy } from "@dl/metrics";
import { AdamW, crossEntropy, Module, Parameter } from "@dl/nn";
import { bars } from "./bars.ts";

const quick = process.argv.includes("--quick");
const options = { epochs: quick ? 5 : 10, batchSize: quick ? 32 : 128, units: 128, learningRate: 2e-3, seed: 1 };

/** −1 or 1. Its true gradient is zero everywhere, and nothing would learn; backward the gradient passes as if it were the identity. */
function binarize(x: Tensor): Tensor {
  const one = onesLike(x);
  return customGradient([x], {
    forward: () => where(greaterEqual(x, 0), one, one.neg()),
    backward: (gradient) => [gradient],
  });
}

/** x·sign(W)/√inputs + b: the real W remembers, its signs compute. */
class BinaryLinear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor({ inputs, outputs, rng }: { inputs: number; outputs: number; rng: Rng }) {
    super();
    this.weight = new Parameter(rng.uniform([inputs, outputs], -0.1, 0.1));
    this.bias = new Parameter({ shape: [outputs], dtype: "float32", data: new Float32Array(outputs) });
  }

  forward(x: Tensor): Tensor {
    return linear(x, binarize(this.weight.value).div(Math.sqrt(x.shape[1]!)), { bias: this.bias.value });
  }
}

/** Images `[B, 28, 28, 1]` → logits `[B, 10]`. */
class BinaryNet extends Module {
  readonly hidden: BinaryLinear;
  readonly head: BinaryLinear;

  constructor({ units, rng }: { units: number; rng: Rng }) {
    super();
    this.hidden = new BinaryLinear({ inputs: 784, outputs: units, rng: rng.fork("hidden") });
    this.head = new BinaryLinear({ inputs: units, outputs: 10, rng: rng.fork("head") });
  }

  forward(images: Tensor): Tensor {
    return this.head.forward(relu(this.hidden.forward(flatten(images))));
  }
}

const rng = new Rng(options.seed);
await using device = await openDevice(wasm(), cpu());
using model = new BinaryNet({ units: options.units, rng: rng.fork("init") });
using optimizer = new AdamW(model.parameters(), { learningRate: options.learningRate, weightDecay: 0 });
const train = quick ? bars(rng.fork("train"), { count: 1024 }) : await mnist({ split: "train" });
const test = quick ? bars(rng.fork("test"), { count: 256 }) : await mnist({ split: "test" });

for (let epoch = 0; epoch < options.epochs; epoch++) {
  for (const batch of batches(train, { batchSize: options.batchSize, shuffle: rng.fork(`shuffle ${epoch}`) })) {
    await device.compute(() => {
      const { images, labels } = upload(batch); // [B, 28, 28, 1], [B]
      const { grads } = valueAndGrad(() => crossEntropy(model.forward(images), labels), model.parameters());
      optimizer.update(grads);
    });
  }

  const accuracy = new Accuracy();
  for (const batch of batches(test, { batchSize: 250 })) {
    const logits = await device.compute(() => model.forward(upload(batch).images)); // [B, 10]
    accuracy.update({ labels: batch.labels.data, scores: logits.data });
  }
  console.log(`epoch ${epoch + 1}: test accuracy ${accuracy.result().toFixed(4)}`);
}
