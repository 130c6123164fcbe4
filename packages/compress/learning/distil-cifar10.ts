/**
 * A residual network of a fifth of the parameters, taught by a trained run of keras-cnn-cifar10:
 * `node --conditions=@dl/source --import tsx packages/compress/learning/distil-cifar10.ts --teacher RUN --out FOLDER`.
 * Resumes from its checkpoint; writes `distil-cifar10.json`, which `record.ts` makes a section of.
 */

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { wasm } from "@dl/backend-wasm";
import { KerasCnn, kerasCnnCifar10, ResNet, resnet20 } from "@dl/cnn";
import { argmax, equal, mean, openDevice, Rng } from "@dl/core";
import { batches, flip, normalize, padCrop, take } from "@dl/data";
import { cifar10, cifar10Statistics } from "@dl/data/node";
import { AdamW, crossEntropy, inference, loadState, readState, schedules } from "@dl/nn";
import { loadSafetensors, saveSafetensors, writeFileAtomically } from "@dl/nn/node";
import { evaluate, fit, ShowProgress } from "@dl/train";
import { Checkpoints, checkpointName, RunFolder, resumeFrom, stderrTerminal } from "@dl/train/node";
import { Distillation } from "../src/distillation/distil.ts";
import type { TracedModel } from "../src/layers/traced-model.ts";

/** What comes of it; accuracies from 0 to 1 on the whole test set. */
export interface DistilResult {
  readonly teacher: { readonly accuracy: number; readonly parameters: number };
  readonly student: { readonly accuracy: number; readonly parameters: number };
  readonly epochs: number;
  readonly seed: number;
  readonly seconds: number;
  readonly device: string;
  readonly node: string;
}

const { values } = parseArgs({
  options: {
    teacher: { type: "string" },
    out: { type: "string" },
    epochs: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    limit: { type: "string" },
  },
});
if (values.teacher === undefined || values.out === undefined) {
  console.error("usage: distil-cifar10.ts --teacher RUN --out FOLDER [--epochs 20] [--seed 1] [--limit N]");
  process.exit(2);
}
const [epochs, seed, batchSize] = [Number(values.epochs), Number(values.seed), 64];
const limited = async (split: "train" | "test") => {
  const all = await cifar10({ split });
  return values.limit === undefined ? all : take(all, Number(values.limit));
};

const rng = new Rng(seed);
await using device = await openDevice(wasm({ threads: 1 }));
using teacher = new KerasCnn({ ...kerasCnnCifar10, rng: rng.fork("teacher") });
loadState(teacher, await loadSafetensors(join(values.teacher, "model.safetensors")));
// ResNet-8 of ten channels: 29,780 parameters beside the teacher's 160,202.
using student = new ResNet({ ...resnet20, depths: [1, 1, 1], width: 10, classes: 10, rng: rng.fork("student") });
const train = await limited("train");
const transform = normalize(cifar10Statistics);
const augmented = [flip(), padCrop({ padding: 4, mode: "reflect" }), transform];
const [example] = batches(take(train, 2), { batchSize: 2, transform });
const distillation = await Distillation.of(
  { student, teacher, logits: 0.9, labels: 0.1, temperature: 4 },
  { device, example: example!.images, rng: rng.fork("regressors") },
);
const steps = epochs * Math.floor(train.length / batchSize);
using optimizer = new AdamW(distillation.parameters(), {
  learningRate: schedules.oneCycle(4e-3, { steps }),
  weightDecay: 0.02,
});
mkdirSync(values.out, { recursive: true });
const checkpoint = join(values.out, checkpointName);
const resume = existsSync(checkpoint);
await using folder = await RunFolder.open(values.out, { resume });
const saved = resume ? await resumeFrom(checkpoint, { model: distillation, optimizer }) : undefined;
const { history } = await fit({
  ...{ device, optimizer, batchSize, epochs, model: distillation, dataset: train, transform: augmented, dropLast: true },
  step: distillation.step,
  rng: rng.fork("fit"),
  callbacks: [new ShowProgress({ terminal: stderrTerminal(), unit: "images" }), new Checkpoints({ folder })],
  ...(saved && { resume: saved }),
});

const test = await limited("test");
const measure = async (model: TracedModel): Promise<{ accuracy: number; parameters: number }> => {
  const { accuracy } = await evaluate({
    device,
    dataset: test,
    transform,
    step: ({ images, labels }) => {
      const logits = model.forward(images, inference);
      return { loss: crossEntropy(logits, labels), accuracy: mean(equal(argmax(logits, -1), labels).cast("float32")) };
    },
  });
  return { accuracy: accuracy!, parameters: model.parameterCount };
};
await saveSafetensors(folder.file("model.safetensors"), await readState(student));
const result: DistilResult = {
  teacher: await measure(teacher),
  student: await measure(student),
  seconds: history.reduce((sum, { seconds }) => sum + seconds, 0),
  ...{ epochs, seed, device: device.name, node: process.version },
};
await writeFileAtomically(folder.file("distil-cifar10.json"), [new TextEncoder().encode(`${JSON.stringify(result, null, 1)}\n`)]);
console.log(JSON.stringify(result));
