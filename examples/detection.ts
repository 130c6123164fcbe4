/** Boxes around objects: a single-stage detector on scenes of discs, squares and triangles, measured by mean average precision. */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { CenterNet, centerDetections, centerNetLoss, centerPeaks, centerTargets } from "@dl/cnn";
import { openDevice, Rng } from "@dl/core";
import { type Dataset, type Example, normalize } from "@dl/data";
import { MeanAveragePrecision } from "@dl/metrics";
import { AdamW, inference, schedules } from "@dl/nn";
import { shapeNames, shapeScene } from "@dl/tooling/task-sets";
import { evaluate, fit, ShowProgress } from "@dl/train";
import { stderrTerminal } from "@dl/train/node";

const quick = process.argv.includes("--quick");
const options = {
  side: quick ? 48 : 64,
  scenes: quick ? 480 : 6000,
  epochs: quick ? 6 : 16,
  width: quick ? 12 : 24,
  learningRate: 5e-3,
  seed: 1,
};

const rng = new Rng(options.seed);
await using device = await openDevice(wasm(), cpu());
const classes = shapeNames.length;
const { side } = options;

/** Scenes made when they are read, with the maps a detector should give. */
function scenes(rng: Rng, length: number): Dataset<Example<"images" | "heat" | "size" | "offset">> {
  return {
    length,
    get: (index) => {
      const { image, boxes } = shapeScene(rng.fork(String(index)), options);
      return { images: image, ...centerTargets(boxes, { height: side, width: side, classes }) };
    },
  };
}
const testRng = rng.fork("test");
const train = scenes(rng.fork("train"), options.scenes);
const test = scenes(testRng, options.scenes / 8);

using model = new CenterNet({ classes, width: options.width, rng: rng.fork("init") });
const batchSize = quick ? 8 : 16;
const steps = options.epochs * Math.ceil(train.length / batchSize);
using optimizer = new AdamW(model.parameters(), { learningRate: schedules.oneCycle(options.learningRate, { steps }), weightDecay: 0.01 });

const transform = normalize({ mean: [0.5, 0.5, 0.5], standardDeviation: [0.25, 0.25, 0.25] });
await fit({
  ...{ device, model, optimizer, batchSize, epochs: options.epochs, dataset: train, rng: rng.fork("fit"), clipNorm: 10 },
  transform,
  step: ({ images, ...targets }, mode) => centerNetLoss(model.forward(images, mode), targets),
  callbacks: [new ShowProgress({ terminal: stderrTerminal(), unit: "scenes" })],
});

const precision = new MeanAveragePrecision({ classes });
let scene = 0;
await evaluate({
  ...{ device, dataset: test, transform, batchSize: 50 },
  step: ({ images }) => {
    const maps = model.forward(images, inference);
    return { peaks: centerPeaks(maps), size: maps.size, offset: maps.offset };
  },
  onBatch: (_, maps) => {
    for (const detections of centerDetections(maps)) {
      precision.update({ detections, objects: shapeScene(testRng.fork(String(scene++)), options).boxes });
    }
  },
});
const { mean, perOverlap, perClass } = precision.result();
console.log(`average precision: ${shapeNames.map((name, i) => `${name} ${perClass[i]!.toFixed(3)}`).join(", ")}`);
console.log(`mean average precision ${mean.toFixed(4)}, at an overlap of one half ${perOverlap[0]!.toFixed(4)}`);
