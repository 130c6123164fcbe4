/** What recipes share that learn from images without labels: the pretext task, and then what it is good for with a few labels. */

import { join } from "node:path";
import type { ResNet } from "@dl/cnn";
import { DataError, Rng, type Scalar, type Tensor } from "@dl/core";
import { type Dataset, type Example, type NormalizeOptions, normalize, type Transform, take } from "@dl/data";
import { AdamW, decayGroups, loadState, type Mode, type Module, type Parameter, schedules } from "@dl/nn";
import { loadSafetensors } from "@dl/nn/node";
import { modelName } from "../run.ts";
import { fitInFolder, writeTaskReport } from "../task-training.ts";
import { accuracyOf } from "./label-training.ts";
import type { LabelShare } from "./pretext-parts.ts";
import type { LabelledImages, RecipeData } from "./recipe.ts";
import type { TaskPreset, TaskRecipe, TaskResult, TaskRun, TaskTraining } from "./task-recipe.ts";
import { transfer } from "./transfer.ts";

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
