/** LeNet on MNIST by `fit()`, with a progress bar, validation, early stopping and the best weights kept. `mnist.ts` writes the loop out. */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { LeNet, lenetMnist } from "@dl/cnn";
import { openDevice, Rng, type Tensor } from "@dl/core";
import { split } from "@dl/data";
import { mnist } from "@dl/data/node";
import { Accuracy } from "@dl/metrics";
import { AdamW, crossEntropy, schedules } from "@dl/nn";
import { EarlyStopping, evaluate, fit, NanStop, ShowProgress } from "@dl/train";
import { stderrTerminal } from "@dl/train/node";
import { bars } from "./bars.ts";

const quick = process.argv.includes("--quick");
const options = { epochs: quick ? 5 : 6, batchSize: quick ? 32 : 64, learningRate: 2e-3, weightDecay: 0.01, patience: 2, seed: 1 };

const rng = new Rng(options.seed);
await using device = await openDevice(wasm(), cpu());
const all = quick ? bars(rng.fork("train"), { count: 1152 }) : await mnist({ split: "train" });
const test = quick ? bars(rng.fork("test"), { count: 256 }) : await mnist({ split: "test" });
const { train, validation } = split(all, { fractions: { train: 0.9, validation: 0.1 }, rng: rng.fork("split"), stratify: "labels" });

using model = new LeNet({ ...lenetMnist, rng: rng.fork("init") });
const steps = options.epochs * Math.ceil(train.length / options.batchSize);
using optimizer = new AdamW(model.parameters(), { ...options, learningRate: schedules.cosine(options.learningRate, { steps }) });
const lossOf = (batch: { images: Tensor; labels: Tensor }) => crossEntropy(model.forward(batch.images), batch.labels);

const { reason } = await fit({
  device,
  model,
  optimizer,
  dataset: train,
  batchSize: options.batchSize,
  epochs: options.epochs,
  rng: rng.fork("fit"),
  step: lossOf,
  validate: () => evaluate({ device, dataset: validation, step: (batch) => ({ loss: lossOf(batch) }) }),
  callbacks: [
    new ShowProgress({ terminal: stderrTerminal(), unit: "images" }),
    new NanStop(),
    new EarlyStopping({ monitor: "validation/loss", patience: options.patience }),
  ],
});

const accuracy = new Accuracy();
await evaluate({
  device,
  dataset: test,
  step: ({ images }) => ({ logits: model.forward(images) }), // [B, 10]
  onBatch: ({ labels }, { logits }) => accuracy.update({ labels: labels.data, scores: logits.data }),
});
console.log(`${reason}: test accuracy ${accuracy.result().toFixed(4)}`);
