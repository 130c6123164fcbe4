/** A class for every pixel: U-Net on scenes of discs, squares and triangles, measured by intersection over union. */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { UNet } from "@dl/cnn";
import { argmax, openDevice, Rng, type Tensor, tensor } from "@dl/core";
import { type Dataset, type Example, normalize } from "@dl/data";
import { Jaccard } from "@dl/metrics";
import { AdamW, crossEntropy, inference, type Mode, schedules } from "@dl/nn";
import { shapeNames, shapeScene } from "@dl/tooling/task-sets";
import { evaluate, fit, ShowProgress } from "@dl/train";
import { stderrTerminal } from "@dl/train/node";

const quick = process.argv.includes("--quick");
const options = {
  side: quick ? 32 : 64,
  scenes: quick ? 640 : 4000,
  epochs: quick ? 10 : 12,
  width: quick ? 8 : 16,
  learningRate: 1e-2,
  seed: 1,
};

const rng = new Rng(options.seed);
await using device = await openDevice(wasm(), cpu());
const classes = 1 + shapeNames.length;

/** Scenes made when they are read; `labels` is the class of every pixel. */
function scenes(rng: Rng, length: number): Dataset<Example<"images" | "labels">> {
  return {
    length,
    get: (index) => {
      const { image, mask } = shapeScene(rng.fork(String(index)), options);
      return { images: image, labels: mask };
    },
  };
}
const train = scenes(rng.fork("train"), options.scenes);
const test = scenes(rng.fork("test"), options.scenes / 8);

using model = new UNet({ classes, width: options.width, depth: 3, rng: rng.fork("init") });
const batchSize = 16;
const steps = options.epochs * Math.ceil(train.length / batchSize);
using optimizer = new AdamW(model.parameters(), { learningRate: schedules.oneCycle(options.learningRate, { steps }), weightDecay: 0.01 });
// The ground is most of every scene, and the easiest.
const classWeights = Float32Array.of(0.2, 1, 1, 1);
const lossOf = ({ images, labels }: { images: Tensor; labels: Tensor }, mode: Mode) =>
  crossEntropy(model.forward(images, mode), labels, { classWeights: tensor(classWeights) });

const transform = normalize({ mean: [0.5, 0.5, 0.5], standardDeviation: [0.25, 0.25, 0.25] });
await fit({
  ...{ device, model, optimizer, batchSize, epochs: options.epochs, dataset: train, rng: rng.fork("fit") },
  transform,
  step: lossOf,
  callbacks: [new ShowProgress({ terminal: stderrTerminal(), unit: "scenes" })],
});

// Over the shapes and the ground alike.
const overlap = new Jaccard({ classes, average: "macro" });
await evaluate({
  ...{ device, dataset: test, transform, batchSize: 50 },
  step: ({ images }) => ({ predictions: argmax(model.forward(images, inference), -1) }), // [B, side, side]
  onBatch: ({ labels }, { predictions }) => overlap.update({ labels: labels.data, predictions: predictions.data }),
});
const perClass = ["ground", ...shapeNames].map((name, i) => `${name} ${Number(overlap.perClass()[i]).toFixed(3)}`);
console.log(`intersection over union: ${perClass.join(", ")}`);
console.log(`mean intersection over union ${overlap.result().toFixed(4)}`);
