/**
 * Trains LeNet on MNIST against PGD, and attacks it: `node --conditions=@dl/source --import tsx packages/explain/learning/robust-mnist.ts --out FOLDER`.
 * Goes on after an interruption with the epoch at hand; writes `robust-mnist.json`, which `record.ts` makes a section of.
 */

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { wasm } from "@dl/backend-wasm";
import { LeNet, lenetMnist } from "@dl/cnn";
import { argmax, equal, mean, openDevice, Rng, type Scalar, type Tensor, upload } from "@dl/core";
import { batches, take } from "@dl/data";
import { mnist } from "@dl/data/node";
import { AdamW, crossEntropy, readCheckpoint, schedules, writeCheckpoint } from "@dl/nn";
import { writeFileAtomically } from "@dl/nn/node";
import { evaluate } from "@dl/train";
import { adversarialStep } from "../src/attacks/adversarial-step.ts";
import { fgsm } from "../src/attacks/fgsm.ts";
import { pgd } from "../src/attacks/pgd.ts";

/** What comes of it; accuracies from 0 to 1 on the whole test set. */
export interface RobustResult {
  readonly clean: number;
  readonly fgsm: number;
  readonly pgd: number;
  readonly epsilon: number;
  /** Of the attack in training, and of the one that measures. */
  readonly trainingSteps: number;
  readonly attackSteps: number;
  readonly epochs: number;
  readonly seed: number;
  readonly seconds: number;
  readonly device: string;
  readonly node: string;
}

const epsilon = 0.1;
const trainingSteps = 5;
const attackSteps = 40;
const batchSize = 64;

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    epochs: { type: "string", default: "4" },
    seed: { type: "string", default: "1" },
    limit: { type: "string" },
  },
});
if (values.out === undefined) {
  console.error("usage: robust-mnist.ts --out FOLDER [--epochs 4] [--seed 1] [--limit N]");
  process.exit(2);
}
mkdirSync(values.out, { recursive: true });
const [epochs, seed] = [Number(values.epochs), Number(values.seed)];
const limited = async (split: "train" | "test") => {
  const all = await mnist({ split });
  return values.limit === undefined ? all : take(all, Number(values.limit));
};

const rng = new Rng(seed);
await using device = await openDevice(wasm({ threads: 1 }));
using model = new LeNet({ ...lenetMnist, rng: rng.fork("init") });
const train = await limited("train");
const steps = epochs * Math.ceil(train.length / batchSize);
using optimizer = new AdamW(model.parameters(), { learningRate: schedules.cosine(2e-3, { steps }), weightDecay: 0.01 });
const run = { models: { model }, optimizers: { adam: { optimizer, model } } };
const checkpoint = join(values.out, "robust-mnist.safetensors");
const saved = existsSync(checkpoint) ? readCheckpoint(readFileSync(checkpoint), run, { file: checkpoint }) : undefined;
let seconds = saved?.metrics.seconds ?? 0;

// The largest change is of pixels in [0, 1]: the network takes them as they are.
const lossOf =
  (labels: Tensor) =>
  (images: Tensor): Scalar =>
    crossEntropy(model.forward(images), labels);

for (let epoch = saved?.step ?? 0; epoch < epochs; epoch++) {
  const start = performance.now();
  const losses: number[] = [];
  for (const batch of batches(train, { batchSize, shuffle: rng.fork(`epoch ${epoch}`) })) {
    const attack = rng.fork(`attack ${epoch} ${losses.length}`);
    losses.push(
      await device.compute(() => {
        const { images, labels } = upload(batch);
        return adversarialStep(images, {
          optimizer,
          parameters: model.parameters(),
          loss: lossOf(labels),
          attack: (x, loss) => pgd(x, { loss, epsilon, steps: trainingSteps, rng: attack }),
        });
      }),
    );
  }
  seconds += (performance.now() - start) / 1000;
  const loss = losses.reduce((a, b) => a + b, 0) / losses.length;
  console.log(`epoch ${epoch + 1} of ${epochs}: loss of attacked images ${loss.toFixed(4)}, ${seconds.toFixed(0)} s so far`);
  await writeFileAtomically(checkpoint, [await writeCheckpoint(run, { step: epoch + 1, metrics: { seconds } })]);
}

const accuracy = (images: Tensor, labels: Tensor): Scalar => mean(equal(argmax(model.forward(images), -1), labels).cast("float32"));
const measured = await evaluate({
  device,
  dataset: await limited("test"),
  step: ({ images, labels }) => {
    const loss = lossOf(labels);
    return {
      clean: accuracy(images, labels),
      fgsm: accuracy(fgsm(images, { loss, epsilon }), labels),
      pgd: accuracy(pgd(images, { loss, epsilon, steps: attackSteps, rng: rng.fork("measure") }), labels),
    };
  },
});
const result: RobustResult = {
  ...{ clean: measured.clean!, fgsm: measured.fgsm!, pgd: measured.pgd! },
  ...{ epsilon, trainingSteps, attackSteps, epochs, seed, seconds, device: device.name, node: process.version },
};
await writeFileAtomically(join(values.out, "robust-mnist.json"), [new TextEncoder().encode(`${JSON.stringify(result, null, 1)}\n`)]);
console.log(JSON.stringify(result));
