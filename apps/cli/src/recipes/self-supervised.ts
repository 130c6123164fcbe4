/** What recipes share that learn from images without labels: the pretext task, and then what it is good for with a few labels. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ResNet, replaceHead } from "@dl/cnn";
import { argmax, DataError, DlError, equal, mean, Rng, type Scalar, type Tensor } from "@dl/core";
import {
  type Dataset,
  type Example,
  type ExampleOf,
  flip,
  type NormalizeOptions,
  normalize,
  padCrop,
  split,
  type Transform,
  take,
} from "@dl/data";
import {
  AdamW,
  crossEntropy,
  decayGroups,
  inference,
  loadState,
  type Mode,
  type Module,
  type Parameter,
  readState,
  Sgd,
  schedules,
  writeSafetensors,
} from "@dl/nn";
import { loadSafetensors } from "@dl/nn/node";
import { evaluate, fit, type Metrics } from "@dl/train";
import type { RunFolder } from "@dl/train/node";
import { modelName } from "../run.ts";
import { fileExists } from "../run-files.ts";
import { fitInFolder, writeTaskReport } from "../task-training.ts";
import { featuresOf, probeAccuracy, trainProbe } from "./linear-probe.ts";
import type { LabelShare } from "./pretext-parts.ts";
import type { LabelledImages, RecipeData } from "./recipe.ts";
import type { TaskContext, TaskPreset, TaskRecipe, TaskResult, TaskRun, TaskTraining } from "./task-recipe.ts";

/** A network around the encoder that has something to learn from images alone. */
export type Pretext = Module & { readonly encoder: ResNet; loss(batch: Readonly<Record<string, Tensor>>, mode: Mode): Scalar };

export interface SelfSupervisedPreset extends TaskPreset {
  encoder(rng: Rng): ResNet;
  pretext(encoder: ResNet, rng: Rng): Pretext;
  /** What makes a pretext batch of images in [0, 1]; it normalises what the network sees. */
  readonly transform: readonly Transform<Example>[];
  readonly shares: readonly LabelShare[];
  readonly data: RecipeData;
  /** What the encoder sees images through. */
  readonly normalization: NormalizeOptions;
}

type Run = TaskRun<SelfSupervisedPreset>;

const transferName = "transfer.json";

async function load({ preset, settings }: Run, signal: AbortSignal): Promise<{ train: LabelledImages; test: LabelledImages }> {
  const [train, test] = [await preset.data.load("train", { signal }), await preset.data.load("test", { signal })];
  const limited = (dataset: LabelledImages): LabelledImages => (settings.limit === null ? dataset : take(dataset, settings.limit));
  return { train: limited(train), test: limited(test) };
}

/** The parameters that learn without labels: all but the encoder's head. */
function pretextParameters(model: Pretext): { parameters: Parameter[]; weightDecay?: number }[] {
  const head = new Set(model.encoder.head.parameters());
  return decayGroups(model).map((group) => ({ ...group, parameters: group.parameters.filter((parameter) => !head.has(parameter)) }));
}

async function train(run: Run, { device, folder, resume, signal }: TaskTraining): Promise<TaskResult> {
  const { preset, settings } = run;
  const rng = new Rng(settings.seed);
  const data = await load(run, signal);
  const least = Math.min(...preset.shares.map(({ share }) => share));
  if (Math.floor(least * data.train.length) === 0) {
    throw new DataError(
      `${run.recipe.name}: expected images enough that ${100 * least} % of them are one at least, got ${data.train.length}. Take a larger --limit, such as ${10 / least}.`,
    );
  }
  using encoder = preset.encoder(rng.fork("encoder"));
  using model = preset.pretext(encoder, rng.fork("pretext"));
  const steps = settings.epochs * Math.ceil(data.train.length / settings.batchSize);
  const warm = Math.min(steps - 1, Math.ceil(steps / 20));
  using optimizer = new AdamW(pretextParameters(model), {
    learningRate: schedules.warmUp(schedules.cosine(settings.learningRate, { steps: steps - warm }), { steps: warm }),
    weightDecay: 0.02,
  });
  const fitted = await fitInFolder(run, {
    ...{ device, folder, resume, signal, model, optimizer, unit: "images" },
    // Labels come along and are not looked at.
    dataset: data.train as Dataset<Example>,
    transform: preset.transform,
    step: (batch, mode) => model.loss(batch, mode),
  });
  if (fitted.reason === "stopped") return { ...fitted, metrics: undefined };
  const measured = await transfer(run, encoder, { device, folder, signal, data });
  if (measured === undefined) return { ...fitted, reason: "stopped", metrics: undefined };
  const result = { ...fitted, metrics: measured };
  await writeTaskReport(run, result, { folder, device: device.name, charted: ["loss"] });
  return result;
}

interface TransferOptions extends TaskContext {
  folder: RunFolder;
  data: { train: LabelledImages; test: LabelledImages };
}

/**
 * For each share of the labels: a linear probe of the features, the whole network fine-tuned from there, and the same network from
 * scratch. What is done is kept in the folder, so that an interrupted run goes on with the next. Undefined when it was interrupted.
 */
async function transfer(run: Run, encoder: ResNet, { device, folder, signal, data }: TransferOptions): Promise<Metrics | undefined> {
  const { preset, settings } = run;
  const rng = new Rng(settings.seed).fork("transfer");
  const path = folder.file(transferName);
  const transform = normalize(preset.normalization);
  const classes = preset.data.classNames.length;
  const done: Record<string, number> = (await fileExists(path)) ? (JSON.parse(await readFile(path, "utf8")) as Record<string, number>) : {};
  const work = { device, signal };
  const pretrained = await readState(encoder);
  const encode = (images: Tensor): Tensor => encoder.features(images, inference);
  const testFeatures = await featuresOf(data.test, { ...work, encode, transform });
  try {
    for (const { share, epochs } of preset.shares) {
      const label = `${100 * share} %`;
      const labelled =
        share === 1
          ? data.train
          : split(data.train, { fractions: { part: share, rest: 1 - share }, rng: rng.fork(label), stratify: "labels" }).part;
      const note = async (name: string, accuracy: number): Promise<void> => {
        done[`${name} ${label}`] = accuracy;
        console.error(`${name}, ${labelled.length} labels: test accuracy ${(100 * accuracy).toFixed(2)} %`);
        await folder.write(transferName, `${JSON.stringify(done, null, 2)}\n`);
      };
      const features = await featuresOf(labelled, { ...work, encode, transform });
      using probe = await trainProbe(features, { ...work, classes, rng: rng.fork(`probe ${label}`) });
      if (done[`probe ${label}`] === undefined) await note("probe", await probeAccuracy(probe, testFeatures, work));
      for (const name of ["finetuned", "scratch"] as const) {
        if (done[`${name} ${label}`] !== undefined) continue;
        using network = preset.encoder(rng.fork(`init ${label}`));
        if (name === "finetuned") {
          loadState(network, pretrained);
          replaceHead(network, { classes, rng: rng.fork("head") });
          network.head.weight.load(await probe.weight.read());
          network.head.bias!.load(await probe.bias!.read());
        }
        const options = { ...work, transform, dataset: labelled, epochs, rng: rng.fork(`${name} ${label}`) };
        await trainOnLabels(network, options);
        await note(name, await accuracyOf(network, data.test, { ...work, transform }));
      }
      if (share === Math.max(...preset.shares.map(({ share }) => share))) {
        encoder.head.weight.load(await probe.weight.read());
        encoder.head.bias!.load(await probe.bias!.read());
        await writeModel(encoder, folder);
      }
    }
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
  const gains = preset.shares.map(({ share }) => {
    const label = `${100 * share} %`;
    return [`gain over scratch ${label}`, done[`finetuned ${label}`]! - done[`scratch ${label}`]!];
  });
  return Object.fromEntries([...Object.entries(done).map(([name, accuracy]) => [`test/${name}`, accuracy]), ...gains]);
}

interface LabelTraining extends TaskContext {
  transform: Transform<ExampleOf<LabelledImages>>;
  dataset: LabelledImages;
  epochs: number;
  rng: Rng;
}

/** From first weights and from learned ones at the same rate: at a fifth of it, those tuned on a tenth of CIFAR-10's labels ended 4 points lower. */
async function trainOnLabels(model: ResNet, { dataset, epochs, rng, transform, device, signal }: LabelTraining): Promise<void> {
  const batchSize = Math.min(64, dataset.length);
  const steps = epochs * Math.ceil(dataset.length / batchSize);
  using optimizer = new Sgd(decayGroups(model), {
    learningRate: schedules.oneCycle(0.1, { steps: Math.max(steps, 8) }),
    momentum: 0.9,
    nesterov: true,
    weightDecay: 5e-4,
  });
  await fit({
    ...{ device, signal, model, optimizer, dataset, batchSize, epochs, rng },
    transform: [flip(), padCrop({ padding: 4, mode: "reflect" }), transform],
    step: ({ images, labels }, mode) => crossEntropy(model.forward(images, mode), labels),
  });
  signal.throwIfAborted();
}

async function accuracyOf(
  model: ResNet,
  dataset: LabelledImages,
  work: TaskContext & { transform: Transform<ExampleOf<LabelledImages>> },
): Promise<number> {
  const { accuracy } = await evaluate({
    ...work,
    dataset,
    step: ({ images, labels }) => ({ accuracy: mean(equal(argmax(model.forward(images, inference), -1), labels).cast("float32")) }),
  });
  return accuracy;
}

async function writeModel(encoder: ResNet, folder: RunFolder): Promise<void> {
  const state = await readState(encoder);
  for (const [name, { data }] of state) {
    if (!data.every(Number.isFinite)) throw new DlError(`dl train: expected weights that are numbers, got others in ${name}.`);
  }
  await folder.write(modelName, writeSafetensors(state));
}

/** A recipe that learns so; `dl evaluate` measures the linear probe with all labels. */
export function selfSupervised({
  name,
  title,
  presets,
}: Pick<TaskRecipe<SelfSupervisedPreset>, "name" | "title" | "presets">): TaskRecipe<SelfSupervisedPreset> {
  return {
    name,
    title,
    presets,
    train,
    async evaluate(run, { device, signal, folder }) {
      const { test } = await load(run, signal);
      using encoder = run.preset.encoder(new Rng(run.settings.seed));
      const path = join(folder, modelName);
      loadState(encoder, await loadSafetensors(path), { file: path });
      return { "test/probe": await accuracyOf(encoder, test, { device, signal, transform: normalize(run.preset.normalization) }) };
    },
  };
}
