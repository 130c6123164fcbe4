/**
 * LeNet on MNIST, pruned to a tenth and rounded to int8 and int4: `node --conditions=@dl/source --import tsx packages/compress/learning/lenet-mnist.ts --out FOLDER`.
 * Each stage is kept in the folder and found again; writes `lenet-mnist.json`, which `record.ts` makes a section of.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { wasm } from "@dl/backend-wasm";
import { LeNet, lenetMnist } from "@dl/cnn";
import { argmax, equal, mean, openDevice, Rng, type Tensor } from "@dl/core";
import { batches, normalize, take } from "@dl/data";
import { mnist, mnistStatistics } from "@dl/data/node";
import { AdamW, crossEntropy, inference, loadState, type Mode, readState, readTensors, schedules, writeSafetensors } from "@dl/nn";
import { writeFileAtomically } from "@dl/nn/node";
import { type Callback, evaluate, fit, ShowProgress } from "@dl/train";
import { stderrTerminal } from "@dl/train/node";
import type { TracedModel } from "../src/layers/traced-model.ts";
import { GradualPruning, magnitudePruning } from "../src/pruning/gradual-pruning.ts";
import { magnitudeMasks } from "../src/pruning/magnitude.ts";
import { PruningMasks } from "../src/pruning/masks.ts";
import { cubicSparsity } from "../src/pruning/sparsity-schedule.ts";
import { quantise, quantiseWeights } from "../src/quantisation/quantised-model.ts";
import { type ModelMeasure, measureModel } from "../src/report/measure-model.ts";

/** What comes of it; accuracies from 0 to 1 on the whole test set. */
export interface LeNetResult {
  readonly plain: ModelMeasure;
  readonly pruned: ModelMeasure;
  readonly int8: ModelMeasure;
  readonly int4: ModelMeasure;
  readonly sparsity: number;
  readonly seed: number;
  readonly device: string;
  readonly node: string;
}

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    epochs: { type: "string", default: "6" },
    seed: { type: "string", default: "1" },
    limit: { type: "string" },
  },
});
if (values.out === undefined) {
  console.error("usage: lenet-mnist.ts --out FOLDER [--epochs 6] [--seed 1] [--limit N]");
  process.exit(2);
}
const [out, epochs, seed, batchSize, sparsity] = [values.out, Number(values.epochs), Number(values.seed), 64, 0.9];
const limited = async (split: "train" | "test") => {
  const all = await mnist({ split });
  return values.limit === undefined ? all : take(all, Number(values.limit));
};

const rng = new Rng(seed);
await using device = await openDevice(wasm({ threads: 1 }));
const [train, test] = [await limited("train"), await limited("test")];
const transform = normalize(mnistStatistics);
using model = new LeNet({ ...lenetMnist, rng: rng.fork("init") }) as LeNet & TracedModel;

const accuracyOf = (logits: Tensor, labels: Tensor) => mean(equal(argmax(logits, -1), labels).cast("float32"));
const trainFor = async (name: string, rate: number, callbacks: readonly Callback[]): Promise<void> => {
  const steps = epochs * Math.ceil(train.length / batchSize);
  using optimizer = new AdamW(model.parameters(), { learningRate: schedules.cosine(rate, { steps }), weightDecay: 0.01 });
  await fit({
    ...{ device, model, optimizer, batchSize, epochs, dataset: train, transform, rng: rng.fork(name) },
    step: ({ images, labels }: { images: Tensor; labels: Tensor }, _: Mode) => {
      const logits = model.forward(images);
      return { loss: crossEntropy(logits, labels), accuracy: accuracyOf(logits, labels) };
    },
    callbacks: [new ShowProgress({ terminal: stderrTerminal(), unit: "images" }), ...callbacks],
  });
};

/** Does `work` and keeps the weights it ends with; or finds them. */
async function stage(name: string, work: () => Promise<void>): Promise<void> {
  const file = join(out, `${name}.safetensors`);
  if (existsSync(file)) {
    loadState(model, readTensors(readFileSync(file), { file }));
    return;
  }
  await work();
  await writeFileAtomically(file, [writeSafetensors(await readState(model))]);
}

const measure = (some: TracedModel): Promise<ModelMeasure> =>
  measureModel(some, {
    ...{ device, inputShape: [28, 28, 1], repeats: 50 },
    evaluate: () =>
      evaluate({
        ...{ device, dataset: test, transform },
        step: ({ images, labels }) => ({ accuracy: accuracyOf(some.forward(images, inference), labels) }),
      }),
  });

await stage("plain", () => trainFor("train", 2e-3, []));
const plain = await measure(model);
const { images: calibration } = batches(take(train, 512), { batchSize: 512, transform }).at(0);
const rounded = await quantise(model, { device, calibration: [calibration], activations: "mse" });
const int8 = await measure(rounded);
rounded.detach();
const smaller = await quantiseWeights(model, { bits: 4, group: 32, range: "mse" });
const int4 = await measure(smaller);
smaller.detach();
await stage("pruned", async () => {
  const masks = new PruningMasks(model, await magnitudeMasks(model, { sparsity: 0 }));
  const steps = epochs * Math.ceil(train.length / batchSize);
  const schedule = cubicSparsity({ final: sparsity, end: Math.round(steps / 2) });
  await trainFor("prune", 1e-3, [new GradualPruning({ pruning: magnitudePruning(model, { masks }), schedule, every: 50 })]);
  await masks.makePermanent(device);
});
const pruned = await measure(model);
const result: LeNetResult = { plain, pruned, int8, int4, sparsity, seed, device: device.name, node: process.version };
await writeFileAtomically(join(out, "lenet-mnist.json"), [new TextEncoder().encode(`${JSON.stringify(result, null, 1)}\n`)]);
for (const [name, { bytes, metrics }] of Object.entries({ plain, pruned, int8, int4 })) console.log(name, bytes, metrics.accuracy);
