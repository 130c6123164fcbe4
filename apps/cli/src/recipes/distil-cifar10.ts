/** A small network taught by a larger one, on CIFAR-10. Hinton et al. 2015, "Distilling the knowledge in a neural network", arXiv:1503.02531. */

import { join } from "node:path";
import { type ImageClassifier, LeNet, lenetCifar10Wide, ResNet, resnet20 } from "@dl/cnn";
import { Distillation } from "@dl/compress";
import { argmax, DataError, DlError, equal, mean, Rng } from "@dl/core";
import { batches, flip, normalize, padCrop, take } from "@dl/data";
import { cifar10Statistics } from "@dl/data/node";
import { AdamW, crossEntropy, inference, loadState, readState, schedules, writeSafetensors } from "@dl/nn";
import { loadSafetensors } from "@dl/nn/node";
import { evaluate, type Metrics } from "@dl/train";
import { type LoadedNetwork, loadWeights } from "../load-weights.ts";
import { modelName } from "../run.ts";
import { showDownload } from "../session.ts";
import { fitInFolder, writeTaskReport } from "../task-training.ts";
import { cifar10Data } from "./data.ts";
import type { Augmentation, LabelledImages } from "./recipe.ts";
import type { TaskContext, TaskPreset, TaskRecipe, TaskRun } from "./task-recipe.ts";

export interface DistilPreset extends TaskPreset {
  student(rng: Rng): ImageClassifier;
  /** Of the form whose weights `--weights` names. */
  teacher(rng: Rng): ImageClassifier;
}

type Run = TaskRun<DistilPreset>;

const transform = normalize(cifar10Statistics);
const augmentation: Augmentation = [flip(), padCrop({ padding: 4, mode: "reflect" })];

async function load({ settings }: Run, { split, signal }: { split: "train" | "test"; signal: AbortSignal }): Promise<LabelledImages> {
  const all = await cifar10Data.load(split, { onProgress: showDownload, signal });
  return settings.limit === null ? all : take(all, settings.limit);
}

async function teacherOf({ preset, settings, recipe }: Run): Promise<ImageClassifier> {
  const path = settings.inputs?.weights;
  if (path === undefined) throw new DataError(`${recipe.name}: expected the teacher's weights, got none. Name them with --weights.`);
  const teacher = preset.teacher(new Rng(settings.seed).fork("teacher"));
  loadState(teacher, await loadSafetensors(path), { file: path });
  return teacher;
}

async function measure(model: ImageClassifier, dataset: LabelledImages, work: TaskContext): Promise<{ loss: number; accuracy: number }> {
  const { loss, accuracy } = await evaluate({
    ...{ ...work, dataset, transform },
    step: ({ images, labels }) => {
      const logits = model.forward(images, inference);
      return { loss: crossEntropy(logits, labels), accuracy: mean(equal(argmax(logits, -1), labels).cast("float32")) };
    },
  });
  return { loss: loss!, accuracy: accuracy! };
}

function studentIn({ preset, settings }: TaskRun<DistilPreset>, folder: string): Promise<LoadedNetwork> {
  return loadWeights(preset.student(new Rng(settings.seed)), join(folder, modelName));
}

/** The student beside its teacher. */
async function compare(run: Run, student: ImageClassifier, work: TaskContext): Promise<Metrics> {
  const test = await load(run, { split: "test", signal: work.signal });
  using teacher = await teacherOf(run);
  const [own, theirs] = [await measure(student, test, work), await measure(teacher, test, work)];
  return {
    "test/loss": own.loss,
    "test/accuracy": own.accuracy,
    "test/teacher accuracy": theirs.accuracy,
    "points above the teacher": 100 * (own.accuracy - theirs.accuracy),
    parameters: student.parameterCount,
    "times fewer than the teacher's": teacher.parameterCount / student.parameterCount,
  };
}

export const distilCifar10: TaskRecipe<DistilPreset> = {
  name: "distil-cifar10",
  title: "A student of LeNet on CIFAR-10",
  inputs: { weights: "required" },
  presets: [
    {
      name: "default",
      summary: "ResNet-8 learns the softened answers of a lenet-cifar10 (--weights) of nine times its parameters.",
      defaults: { epochs: 18, batchSize: 64, learningRate: 4e-3 },
      goals: { "points above the teacher": { atLeast: -1 }, "times fewer than the teacher's": { atLeast: 5 } },
      student: (rng) => new ResNet({ ...resnet20, depths: [1, 1, 1], classes: 10, rng }),
      teacher: (rng) => new LeNet({ ...lenetCifar10Wide, rng }),
    },
  ],
  async train(run, { device, folder, resume, signal }) {
    const { preset, settings } = run;
    const rng = new Rng(settings.seed);
    using teacher = await teacherOf(run as Run);
    using student = preset.student(rng.fork("student"));
    const dataset = await load(run as Run, { split: "train", signal });
    const example = batches(take(dataset, Math.min(2, dataset.length)), { batchSize: 2, transform }).at(0).images;
    // Half of the loss is the labels': a teacher that errs on every fifth image is not to be followed all the way.
    const distillation = await Distillation.of(
      { student, teacher, logits: 0.5, labels: 0.5 },
      { device, example, rng: rng.fork("regressors") },
    );
    const steps = settings.epochs * Math.ceil(dataset.length / settings.batchSize);
    using optimizer = new AdamW(distillation.parameters(), {
      learningRate: schedules.oneCycle(settings.learningRate, { steps: Math.max(steps, 8) }),
      weightDecay: 0.02,
    });
    const fitted = await fitInFolder(run, {
      ...{ device, folder, resume, signal, model: distillation, optimizer, dataset, unit: "images" },
      transform: [...augmentation, transform],
      step: distillation.step,
    });
    if (fitted.reason === "stopped") return { ...fitted, metrics: undefined };
    const state = await readState(student);
    for (const [name, { data }] of state) {
      if (!data.every(Number.isFinite)) throw new DlError(`dl train: expected weights that are numbers, got others in ${name}.`);
    }
    await folder.write(modelName, writeSafetensors(state));
    const result = { ...fitted, metrics: await compare(run as Run, student, { device, signal }) };
    await writeTaskReport(run, result, { folder, device: device.name, charted: ["loss", "accuracy"] });
    return result;
  },
  async classifier(run, folder) {
    const { classNames, imageShape } = cifar10Data;
    return {
      ...(await studentIn(run, folder)),
      ...{ classNames, imageShape, normalization: cifar10Statistics, labelSmoothing: 0 },
      load: (split, { signal }) => load(run as Run, { split, signal }),
      augmentation: () => augmentation,
    };
  },
  async evaluate(run, { device, signal, folder }) {
    const { model } = await studentIn(run, folder);
    using _model = model;
    return await compare(run as Run, model, { device, signal });
  },
};
