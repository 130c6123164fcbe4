/** The frame of recipes that train one model by a loss of its own: data, one fit with AdamW in the run's folder, the model's folder, measures. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { DataError, Rng } from "@dl/core";
import type { Collate, Dataset, Example, Order, Tokenizer, Transform } from "@dl/data";
import type { ClassificationReport } from "@dl/metrics";
import {
  AdamW,
  type AdamWOptions,
  decayGroups,
  type Mode,
  type Module,
  type ParameterGroup,
  type Schedule,
  schedules,
  WeightAverage,
} from "@dl/nn";
import { EarlyStopping, type EarlyStoppingOptions, type Metrics, type StepResult, type Tensors } from "@dl/train";
import type { RunFolder } from "@dl/train/node";
import type { Pretrained, PretrainedClass } from "@dl/transformer";
import { loadFolder, loadTokenizer } from "@dl/transformer/node";
import { fitInFolder, writeTaskReport } from "../task-training.ts";
import { type ModelFolderOptions, readModelState, writeModelFolder, writeModelState } from "./model-folder.ts";
import type { TaskContext, TaskPreset, TaskRecipe, TaskResult, TaskRun, TaskTraining } from "./task-recipe.ts";

/** How the optimizer of such a recipe is set. */
export interface ModelPreset extends TaskPreset {
  /** Share of the steps in which the learning rate rises; then it falls along a cosine. */
  readonly warmUpShare: number;
  /** Of matrices. */
  readonly weightDecay: number;
  /** β₂ of AdamW. Default 0.999. */
  readonly beta2?: number;
  /** Epochs without a better validation after which training ends; the best epoch's weights are kept. Default: all epochs, the last weights. */
  readonly patience?: number;
  /** Decay of the average of the weights that is kept; without it the last weights are. */
  readonly averageDecay?: number;
}

/** What is learned from. */
export interface TrainingSet<E extends Example> {
  readonly dataset: Dataset<E>;
  readonly transform?: readonly Transform<E>[];
  readonly collate?: Collate<E>;
  readonly order?: Order;
}

export interface ModelData<E extends Example> {
  readonly train: TrainingSet<E>;
  /** Written beside the model; none for images. */
  readonly tokenizer?: Tokenizer;
}

export interface LoadOptions {
  readonly signal: AbortSignal;
  /** Of the trained model, when it is measured again. */
  readonly tokenizer?: Tokenizer;
}

/** What a model was found to be worth. */
export interface Measured {
  readonly metrics: Metrics;
  /** By class, for the report. */
  readonly classification?: ClassificationReport;
}

export interface MeasureOptions<P extends ModelPreset, D> extends TaskContext {
  readonly run: TaskRun<P>;
  readonly data: D;
}

/** How a trained model is kept in its run's folder. */
export interface ModelStore<M extends Module, P extends ModelPreset = ModelPreset> {
  write(model: M, options: ModelFolderOptions): Promise<void>;
  read(folder: string, options: { preset: P; tokenizer: Tokenizer | undefined }): Promise<M>;
}

/** As transformers keeps it. */
export function folderOf<M extends Pretrained>(kind: PretrainedClass<M>): ModelStore<M> {
  return { write: (model, options) => writeModelFolder(model, options), read: (folder) => loadFolder(folder, kind) };
}

/** By our names, for a network that `make` makes of the preset. */
export function stateOf<M extends Module, P extends ModelPreset>(make: (preset: P, rng: Rng) => M): ModelStore<M, P> {
  return { write: writeModelState, read: (folder, { preset }) => readModelState(make(preset, new Rng(0)), folder) };
}

/** What makes one recipe another. */
export interface ModelRecipeParts<P extends ModelPreset, E extends Example, D extends ModelData<E>, M extends Module>
  extends Pick<TaskRecipe<P>, "name" | "title" | "presets" | "inputs" | "classifier"> {
  /** What an example is, for progress: `sentences`. */
  readonly unit: string;
  readonly store: ModelStore<M, P>;
  load(run: TaskRun<P>, options: LoadOptions): Promise<D>;
  /** A model before training: new, or from the user's weights. */
  model(run: TaskRun<P>, options: { data: D; rng: Rng }): M | Promise<M>;
  loss(model: M, batch: Tensors<E>, options: { mode: Mode; preset: P }): StepResult;
  /** After each epoch, on the validation set. */
  validate?(model: M, options: MeasureOptions<P, D>): Promise<Metrics>;
  /** At the end, on the test set; `folder` for what is to be kept beside the model. */
  measure(model: M, options: MeasureOptions<P, D> & { folder?: RunFolder }): Promise<Measured>;
  /** What the trained model says to texts of the user's. Default nothing. */
  answer?(model: M, texts: readonly string[], options: TaskContext & { tokenizer: Tokenizer; preset: P }): Promise<readonly string[]>;
  /** Which metric `patience` watches. Default `validation/loss`, the smaller the better. */
  readonly best?: Pick<EarlyStoppingOptions, "monitor" | "mode">;
  /** Metrics whose curves the report shows. Default the loss. */
  readonly charted?: readonly string[];
}

/** A recipe of these parts. */
export function modelRecipe<P extends ModelPreset, E extends Example, D extends ModelData<E>, M extends Module>(
  parts: ModelRecipeParts<P, E, D, M>,
): TaskRecipe<P> {
  const { name, title, presets, inputs } = parts;
  return {
    ...{ name, title, presets },
    ...(inputs && { inputs }),
    ...(parts.classifier && { classifier: parts.classifier }),
    train: (run, options) => trainModel(parts, { run, ...options }),
    ...(parts.answer && {
      async answer({ preset }, { device, signal, folder, texts }) {
        const tokenizer = await tokenizerIn(folder);
        if (tokenizer === undefined) throw new DataError(`${folder}: expected a tokenizer.json beside the model, got none.`);
        using model = await parts.store.read(folder, { preset, tokenizer });
        // Awaited here: the model is freed when this function ends.
        return await parts.answer!(model, texts, { device, signal, tokenizer, preset });
      },
    }),
    async evaluate(run, { device, signal, folder }) {
      const tokenizer = await tokenizerIn(folder);
      const data = await parts.load(run, { signal, ...(tokenizer && { tokenizer }) });
      using model = await parts.store.read(folder, { preset: run.preset, tokenizer });
      return (await parts.measure(model, { run, data, device, signal })).metrics;
    },
  };
}

async function trainModel<P extends ModelPreset, E extends Example, D extends ModelData<E>, M extends Module>(
  parts: ModelRecipeParts<P, E, D, M>,
  { run, device, folder, resume, signal }: TaskTraining & { run: TaskRun<P> },
): Promise<TaskResult> {
  const { preset, settings } = run;
  const rng = new Rng(settings.seed);
  const data = await parts.load(run, { signal });
  using model = await parts.model(run, { data, rng: rng.fork("init") });
  const { train, tokenizer } = data;
  const steps = settings.epochs * Math.ceil(train.dataset.length / settings.batchSize);
  using optimizer = adamWOf(decayGroups(model), { ...preset, steps, learningRate: settings.learningRate });
  using average = preset.averageDecay === undefined ? undefined : new WeightAverage(model, { decay: preset.averageDecay });
  const fitted = await fitInFolder<E>(run, {
    ...{ device, folder, resume, signal, model, optimizer, unit: parts.unit, clipNorm: 1 },
    ...train,
    ...(average && { average }),
    ...(preset.patience !== undefined && { callbacks: [new EarlyStopping({ ...parts.best, patience: preset.patience })] }),
    step: (batch, mode) => parts.loss(model, batch, { mode, preset }),
    ...(parts.validate && { validate: () => parts.validate!(model, { run, data, device, signal }) }),
  });
  if (fitted.reason === "stopped") return { ...fitted, metrics: undefined };
  await parts.store.write(model, { folder, reason: fitted.reason, ...(tokenizer && { tokenizer: tokenizer.toJson() }) });
  const { metrics, classification } = await parts.measure(model, { run, data, device, signal, folder });
  const result = { ...fitted, metrics };
  const { charted = ["loss"] } = parts;
  await writeTaskReport(run, result, { folder, device: device.name, charted, ...(classification && { classification }) });
  return result;
}

export interface ScheduleOptions extends Pick<ModelPreset, "warmUpShare" | "weightDecay" | "beta2"> {
  learningRate: number;
  /** Of the whole training. */
  steps: number;
}

/** Up over a share of the steps, then down along a cosine. */
export function upThenDown(learningRate: number, { warmUpShare, steps }: Pick<ScheduleOptions, "warmUpShare" | "steps">): Schedule {
  const warm = Math.min(steps - 1, Math.ceil(steps * warmUpShare));
  const fall = schedules.cosine(learningRate, { steps: Math.max(1, steps - warm) });
  return warm === 0 ? fall : schedules.warmUp(fall, { steps: warm });
}

/** AdamW as BERT and its kin are trained with. `parameters`: a model's, as `decayGroups` parts them, or an adapter's. */
export function adamWOf(
  parameters: readonly ParameterGroup<AdamWOptions>[],
  { warmUpShare, weightDecay, beta2 = 0.999, learningRate, steps }: ScheduleOptions,
): AdamW {
  return new AdamW(parameters, { learningRate: upThenDown(learningRate, { warmUpShare, steps }), weightDecay, beta2 });
}

/** The tokenizer beside a trained model; undefined where there is none. */
export async function tokenizerIn(folder: string): Promise<Tokenizer | undefined> {
  return existsSync(join(folder, "tokenizer.json")) ? await loadTokenizer(folder) : undefined;
}

/** The id of a token that the recipe relies on. */
export function tokenId(tokenizer: Tokenizer, token: string): number {
  const id = tokenizer.tokenToId(token);
  if (id === undefined) throw new DataError(`expected a tokenizer with ${token}, got one without.`);
  return id;
}
