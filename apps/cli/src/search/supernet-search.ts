/**
 * Searches that train one network of all candidates: DARTS (Liu et al. 2019, arXiv:1806.09055), whose architecture descends with the weights, and
 * SPOS (Guo et al. 2020, arXiv:1904.00420), where random cells train the weights and evolution asks them for scores.
 */

import { readFile } from "node:fs/promises";
import { type Device, Rng, type Tensor, upload } from "@dl/core";
import { type Batches, batches, type Example, split } from "@dl/data";
import {
  type Candidate,
  dartsStep,
  type EdgeCell,
  type EdgeCellSupernet,
  ofGenotype,
  regularizedEvolution,
  sample,
  search,
  singlePathStep,
} from "@dl/nas";
import { Adam, crossEntropy, type Mode, readCheckpoint, Sgd, schedules, training, writeCheckpoint } from "@dl/nn";
import { html, ProgressBar, renderLineChart, renderReportPage } from "@dl/train";
import { checkpointName, type RunFolder, stderrTerminal } from "@dl/train/node";
import { openNamedDevice } from "../backends.ts";
import { UsageError } from "../command.ts";
import { presetNamed, recipeNamed } from "../recipes/index.ts";
import type { LabelledImages, Preset, Recipe, RecipeSearch } from "../recipes/recipe.ts";
import { searchOf } from "../recipes/search.ts";
import { isTask } from "../recipes/task-recipe.ts";
import { fileExists } from "../run-files.ts";
import { augmentationOf, loadTrainingData, normalization } from "../session.ts";
import { type SearchFile, searchCommandLine } from "./search-file.ts";

/** What `--strategy` takes beside those that try candidates one by one. */
export const supernetStrategies: Readonly<Record<string, string>> = {
  darts: "one network of all cells, whose architecture descends with its weights",
  "darts-second-order": "the same, looking one step of the weights ahead; four times as slow",
  "one-shot": "one network of all cells, trained by random ones; evolution asks it for scores",
};

/** Epochs of the supernet where none are named. */
const defaultEpochs = 15;

type Images = Example<"images" | "labels">;

interface SupernetRecipe {
  readonly recipe: Recipe;
  readonly preset: Preset;
  readonly search: RecipeSearch<Preset> & Required<Pick<RecipeSearch<Preset>, "supernet">>;
}

/** Throws a UsageError for a target without a supernet. */
export function supernetRecipe({ target, settings }: SearchFile): SupernetRecipe {
  const wrong = (what: string): UsageError =>
    new UsageError(`--strategy ${settings.strategy}: expected a recipe of cells, such as cell-cifar10, got ${what}.`);
  if ("module" in target) throw wrong(target.module);
  const recipe = recipeNamed(target.recipe);
  if (isTask(recipe)) throw wrong(recipe.name);
  const preset = presetNamed(recipe, target.preset);
  const search = searchOf(recipe, preset);
  if (!search.supernet) throw wrong(recipe.name);
  if (settings.queue !== null)
    throw new UsageError(`--queue: expected none with --strategy ${settings.strategy}: there is one network, and no trials.`);
  return { recipe, preset, search: { ...search, supernet: search.supernet } };
}

/** What an epoch came to. */
interface EpochRow {
  readonly epoch: number;
  readonly training: number;
  readonly validation: number;
  readonly cell: string;
}

export interface SupernetResult {
  readonly candidate: Candidate<unknown>;
  /** The accuracy of the cell with the supernet's weights, on the half held back. */
  readonly accuracy: number;
  readonly epochs: number;
}

/** Trains the supernet, from the start or from its checkpoint, and finds the cell. Undefined when it was interrupted. */
export async function searchSupernet(
  file: SearchFile,
  { folder, signal }: { folder: RunFolder; signal: AbortSignal },
): Promise<SupernetResult | undefined> {
  const {
    recipe,
    preset,
    search: { space, supernet: make, trial },
  } = supernetRecipe(file);
  const { settings } = file;
  const { seed, strategy } = settings;
  const epochs = settings.epochs ?? defaultEpochs;
  await using device = await openNamedDevice({ backend: settings.backend, threads: settings.threads });
  const limit = settings.limit ?? trial.limit;
  const run = {
    recipe,
    preset: { ...preset, validationShare: 0 },
    settings: { ...preset.defaults, ...{ seed, epochs, limit, backend: settings.backend, threads: settings.threads } },
  };
  const { train: all } = await loadTrainingData(run, { signal });
  const rng = new Rng(seed);
  // Half for the weights, half for the architecture. DARTS, section 3.1.
  const halves = split(all, { fractions: { weights: 0.5, architecture: 0.5 }, rng: rng.fork("search split"), stratify: "labels" });
  const batchSize = Math.min(64, halves.weights.length);
  const stepsPerEpoch = Math.floor(halves.weights.length / batchSize);
  using supernet = make(preset, rng.fork("init"));
  // The paper's settings (section A.1.1), with a livelier architecture: our searches are shorter than 50 epochs.
  using weightOptimizer = new Sgd(supernet.weights(), {
    learningRate: schedules.cosine(0.05, { steps: epochs * stepsPerEpoch }),
    momentum: 0.9,
    weightDecay: 3e-4,
  });
  using architectureOptimizer = new Adam([supernet.architecture], { learningRate: 3e-3, beta1: 0.5, weightDecay: 1e-3 });
  const live = {
    models: { supernet },
    optimizers: {
      weights: { optimizer: weightOptimizer, model: supernet },
      architecture: { optimizer: architectureOptimizer, model: supernet },
    },
  };
  const checkpoint = folder.file(checkpointName);
  let rows: readonly EpochRow[] = [];
  if (await fileExists(checkpoint)) {
    const { extra } = readCheckpoint(await readFile(checkpoint), live, { file: checkpoint });
    rows = extra.rows as unknown as EpochRow[];
    console.error(`going on after epoch ${rows.length} of ${epochs}`);
  }
  for (let epoch = rows.length; epoch < epochs; epoch++) {
    const order = (half: LabelledImages, name: string): Batches<Images> => {
      const transform = [...augmentationOf(run, () => epoch), normalization(preset)];
      return batches(half, {
        batchSize,
        dropLast: true,
        shuffle: rng.fork(`${name} order ${epoch}`),
        rng: rng.fork(`${name} ${epoch}`),
        transform,
      });
    };
    const held = order(halves.architecture, "architecture");
    const bar = new ProgressBar({
      terminal: stderrTerminal(),
      label: `epoch ${epoch + 1}/${epochs}`,
      total: stepsPerEpoch,
      unit: "images",
    });
    const sums = { training: 0, validation: 0 };
    let step = 0;
    for (const batch of order(halves.weights, "weights")) {
      if (signal.aborted) return undefined;
      const other = held.at(step % held.length);
      const mode = training(rng.fork(`mode ${epoch} ${step}`));
      const losses = await device.compute(() => {
        const [own, judge] = [upload(batch), upload(other)];
        const lossOf = (images: { images: Tensor; labels: Tensor }, cell?: EdgeCell<never>) => () =>
          crossEntropy(forward(supernet, images.images, mode, cell), images.labels);
        if (strategy === "one-shot") {
          const cell = sample(space, rng.fork(`path ${epoch} ${step}`)).value as EdgeCell<never>;
          const value = singlePathStep(supernet as EdgeCellSupernet<never>, cell, { loss: lossOf(own, cell), optimizer: weightOptimizer });
          return { trainingLoss: value, validationLoss: value };
        }
        const unrolledRate = strategy === "darts-second-order" ? weightOptimizer.learningRates[0]! : 0;
        return dartsStep(supernet, {
          trainingLoss: lossOf(own),
          validationLoss: lossOf(judge),
          weightOptimizer,
          architectureOptimizer,
          unrolledRate,
        });
      });
      sums.training += losses.trainingLoss;
      sums.validation += losses.validationLoss;
      step++;
      bar.update({ completed: step, items: step * batchSize, metrics: { loss: sums.training / step } });
    }
    bar.finish();
    const cell = strategy === "one-shot" ? "" : space.canonical(await supernet.strongest());
    rows = [...rows, { epoch: epoch + 1, training: sums.training / step, validation: sums.validation / step, cell }];
    if (cell !== "") console.error(`the cell so far: ${cell}`);
    await folder.write(
      checkpointName,
      await writeCheckpoint(live, { step: (epoch + 1) * stepsPerEpoch, extra: { rows: rows as unknown as never } }),
    );
  }
  const judge = (candidate: EdgeCell<never>): Promise<number> =>
    accuracyOf(supernet as EdgeCellSupernet<never>, candidate, { device, dataset: halves.architecture, preset, signal });
  const candidate =
    strategy === "one-shot"
      ? await bestOf(file, { space, rng: rng.fork("evolution"), judge, signal })
      : ofGenotype(space, supernet.genotypeOf(await supernet.strongest()));
  if (!candidate || signal.aborted) return undefined;
  const accuracy = await judge(candidate.value as EdgeCell<never>);
  await folder.write("report.html", reportOf(file, { title: recipe.title, rows, key: candidate.key, accuracy }));
  return { candidate, accuracy, epochs };
}

function forward(supernet: EdgeCellSupernet, images: Tensor, mode: Mode, cell: EdgeCell<never> | undefined): Tensor {
  return supernet.forward(images, mode, cell === undefined ? {} : { cell });
}

/** By batch statistics: the running ones are those of all cells together. */
async function accuracyOf(
  supernet: EdgeCellSupernet<never>,
  cell: EdgeCell<never>,
  { device, dataset, preset, signal }: { device: Device; dataset: LabelledImages; preset: Preset; signal: AbortSignal },
): Promise<number> {
  let right = 0;
  let count = 0;
  const mode = training(new Rng(0));
  for (const batch of batches(dataset, { batchSize: Math.min(250, dataset.length), dropLast: true, transform: normalization(preset) })) {
    signal.throwIfAborted();
    const { data } = await device.compute(() => supernet.forward(upload(batch).images, mode, { cell }).argmax(-1));
    right += Array.from(data).filter((label, i) => label === batch.labels.data[i]).length;
    count += data.length;
  }
  return right / count;
}

/** Evolution over the shared weights: a trial is a pass over the half held back. */
async function bestOf(
  { settings }: SearchFile,
  {
    space,
    rng,
    judge,
    signal,
  }: { space: RecipeSearch<Preset>["space"]; rng: Rng; judge: (cell: EdgeCell<never>) => Promise<number>; signal: AbortSignal },
): Promise<Candidate<unknown> | undefined> {
  const { best } = await search(space, {
    strategy: regularizedEvolution(space, { population: 20, sampleSize: 5, rng }),
    evaluate: async ({ value }) => ({ accuracy: await judge(value as EdgeCell<never>) }),
    ...{ objectives: { accuracy: "maximize" }, limits: { trials: settings.trials ?? 100 }, seed: settings.seed, signal },
  });
  return best?.candidate;
}

function reportOf(
  file: SearchFile,
  { title, rows, key, accuracy }: { title: string; rows: readonly EpochRow[]; key: string; accuracy: number },
): string {
  const points = (name: "training" | "validation") => rows.map((row) => ({ x: row.epoch, y: row[name] }));
  const series = [
    { name: "weights", points: points("training") },
    { name: "architecture", points: points("validation") },
  ];
  const losses = renderLineChart({
    title: "Loss",
    xLabel: "epoch",
    series: file.settings.strategy === "one-shot" ? series.slice(0, 1) : series,
  });
  const cells = rows
    .filter(({ cell }) => cell !== "")
    .map(({ epoch, cell }) => html`<tr><th scope="row">${epoch}</th><td style="text-align:left">${cell}</td></tr>`);
  return renderReportPage({
    ...{ overline: "Search report", title, writer: "@dl/nas" },
    highlights: [{ name: "accuracy with shared weights", value: `${(100 * accuracy).toFixed(1)} %` }],
    body: [
      html`<div class="charts">${losses}</div>`,
      cells.length > 0 &&
        html`<section class="card"><h2>The strongest cell after each epoch</h2><div class="scroll"><table class="numbers"><tbody>${cells}</tbody></table></div></section>`,
      html`<section class="card"><h2>The best</h2><p>${key}</p></section>`,
    ],
    summary: [
      { name: "command", value: searchCommandLine(file) },
      { name: "seed", value: String(file.settings.seed) },
      { name: "Node.js", value: process.version },
    ],
  });
}
