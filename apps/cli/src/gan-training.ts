/** Trains a GAN's recipe in its folder: fitGan with checkpoints, logs, sample grids and the alarm. */

import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DlError, Rng, type Tensor } from "@dl/core";
import { decodeImage, type ExampleOf, take } from "@dl/data";
import {
  type Discriminator,
  drawLatents,
  encodeApng,
  type FitGanOptions,
  fitGan,
  GanAlarm,
  GanPair,
  type Generator,
  type Judgement,
  SampleGrids,
} from "@dl/gan";
import { type CommonOptions, loadState, type Mode, type Optimizer, WeightAverage } from "@dl/nn";
import { loadFile } from "@dl/nn/node";
import { type FitResult, type LineChart, type Metrics, type Pixels, renderRunReport, ShowProgress } from "@dl/train";
import { Checkpoints, CsvLog, checkpointName, type RunFolder, resumeFrom, stderrTerminal, TensorBoardLog } from "@dl/train/node";
import { frechetLeft } from "./gan-goals.ts";
import { cyclicLabels, type GenerativePreset, loadGenerator, toTanhRange, writeGenerator } from "./recipes/generative-recipe.ts";
import { GeneratorScorer } from "./recipes/generator-scores.ts";
import type { LabelledImages, OptimizerSettings } from "./recipes/recipe.ts";
import type { TaskContext, TaskResult, TaskRun, TaskTraining } from "./recipes/task-recipe.ts";
import { commandLine, modelName } from "./run.ts";
import { fileExists } from "./run-files.ts";
import { showDownload } from "./session.ts";
import { Stopwatch } from "./stopwatch.ts";

type ImageBatch = ExampleOf<LabelledImages>;

/** A preset for two players. */
export interface GanPreset extends GenerativePreset {
  discriminator(rng: Rng): Discriminator;
  generator(rng: Rng): Generator;
  optimizers(
    players: { readonly generator: Generator; readonly discriminator: Discriminator },
    settings: OptimizerSettings,
  ): { readonly generator: Optimizer<CommonOptions>; readonly discriminator: Optimizer<CommonOptions> };
  /** Loss, penalty, augmentation and the like. */
  readonly rules: Pick<
    FitGanOptions<ImageBatch>,
    "loss" | "penalty" | "augment" | "auxiliary" | "discriminatorSteps" | "clipNorm" | "clipWeight"
  >;
  /** How the discriminator is called; by default with the images alone. */
  judge?(discriminator: Discriminator, inputs: { readonly images: Tensor; readonly labels: Tensor; readonly mode: Mode }): Judgement;
  /** Decay of the generator's average; none for null. */
  readonly averageDecay: number | null;
}

/** Samples along the run, in order. */
const samples = "samples";

export async function trainGan(run: TaskRun<GanPreset>, { device, folder, resume, signal }: TaskTraining): Promise<TaskResult> {
  const { preset, settings } = run;
  const rng = new Rng(settings.seed);
  const stopwatch = new Stopwatch();
  using scorer = await GeneratorScorer.open(run, { device, signal });
  const all = await preset.data.load("train", { onProgress: showDownload, signal });
  const dataset = settings.limit === null ? all : take(all, settings.limit);
  using generator = preset.generator(rng.fork("generator"));
  using discriminator = preset.discriminator(rng.fork("discriminator"));
  const steps = Math.max(1, settings.epochs * Math.floor(dataset.length / settings.batchSize));
  const optimizers = preset.optimizers({ generator, discriminator }, { ...settings, steps });
  using _generatorOptimizer = optimizers.generator;
  using _discriminatorOptimizer = optimizers.discriminator;
  using average = preset.averageDecay === null ? undefined : new WeightAverage(generator, { decay: preset.averageDecay });
  const model = new GanPair(generator, discriminator);
  const checkpoint = folder.file(checkpointName);
  const saved =
    resume && (await fileExists(checkpoint)) ? await resumeFrom(checkpoint, { model, optimizer: optimizers.generator }) : undefined;
  if (saved) console.error(`going on after step ${saved.state.step}`);
  else if (resume) {
    console.error("no checkpoint yet: beginning anew");
    for (const name of ["metrics.csv", "tensorboard", samples]) await rm(folder.file(name), { recursive: true, force: true });
  }
  const finished = saved && (await finishedBefore(folder));
  let result: FitResult;
  if (finished) {
    loadState(generator, finished.tensors);
    if ("stopwatch" in saved.state.callbacks) stopwatch.restore(saved.state.callbacks.stopwatch);
    result = { history: saved.state.history, steps: saved.state.step, reason: finished.reason };
  } else {
    const latents = drawLatents(64, { size: preset.latent, rng: rng.fork("grid") });
    const classes = preset.data.classNames.length;
    result = await fitGan<ImageBatch>({
      ...{ device, generator, discriminator, optimizers, dataset, signal, latent: preset.latent },
      ...preset.rules,
      batchSize: settings.batchSize,
      epochs: settings.epochs,
      rng: rng.fork("fit"),
      transform: toTanhRange(preset),
      validate: () => scorer.glance(generator),
      generate: (latents, { labels }, mode) => preset.draw(generator, { latents, labels, mode }),
      ...(preset.judge && { discriminate: (images, { labels }, mode) => preset.judge!(discriminator, { images, labels, mode }) }),
      ...(average && { average }),
      callbacks: [
        stopwatch,
        new ShowProgress({ terminal: stderrTerminal(), unit: "images" }),
        new GanAlarm({
          onWarning: ({ message }) => console.error(`\nwarning: ${message}`),
          coverage: { metric: "validation/modes", modes: classes },
        }),
        new CsvLog(folder.file("metrics.csv")),
        new TensorBoardLog({ folder: folder.file("tensorboard") }),
        new SampleGrids({
          latents,
          generate: (latents, { mode, start }) =>
            preset.draw(generator, { latents, labels: cyclicLabels({ start, count: latents.shape[0]!, classes }), mode }),
          columns: preset.isConditional ? classes : 8,
          write: (name, png) => folder.write(join(samples, name), png),
        }),
        new Checkpoints({ folder }),
      ],
      ...(saved && { resume: saved }),
    });
    if (result.reason === "stopped") return { ...result, seconds: stopwatch.seconds, metrics: undefined };
    if (result.reason !== "finished") {
      const left = (await fileExists(checkpoint))
        ? "The folder's checkpoint is the last good one."
        : "There is no checkpoint yet: begin anew.";
      throw new DlError(`dl train: expected losses that are numbers. ${result.reason}. ${left}`);
    }
    await writeProgress(folder);
    await writeGenerator(generator, { folder, reason: result.reason });
  }
  const { scores, metrics } = await scorer.scores(generator);
  console.error(`measured with ${scores.extractor}`);
  // Epochs whose samples were all one image have none.
  const distances = result.history.map(({ metrics }) => metrics["validation/frechet"]).filter((distance) => distance !== undefined);
  const trained = {
    ...result,
    seconds: stopwatch.seconds,
    metrics: { ...metrics, [frechetLeft]: (distances.at(-1) ?? 1) / (distances[0] ?? 1) },
  };
  await folder.write("scores.json", `${JSON.stringify(scores, null, 2)}\n`);
  await writeGanReport(run, trained, { folder, device: device.name });
  return trained;
}

/** Measures the trained generator in `folder` again. */
export async function evaluateGan(run: TaskRun<GanPreset>, { device, signal, folder }: TaskContext & { folder: string }): Promise<Metrics> {
  using scorer = await GeneratorScorer.open(run, { device, signal });
  using generator = await loadGenerator(run, folder);
  return (await scorer.scores(generator)).metrics;
}

/** The generator that training ended with, if it has ended, and why it did. */
async function finishedBefore(folder: RunFolder) {
  const path = folder.file(modelName);
  if (!(await fileExists(path))) return undefined;
  const { tensors, metadata } = await loadFile(path);
  return { tensors, reason: metadata.get("reason") ?? "finished" };
}

/** The grids of all epochs as one moving picture. */
async function writeProgress(folder: RunFolder): Promise<void> {
  const names = (await readdir(folder.file(samples)).catch(() => [])).filter((name) => /^epoch-\d+\.png$/.test(name)).sort();
  if (names.length < 2) return;
  const frames = await Promise.all(
    names.map(async (name): Promise<Pixels> => {
      const { width, height, channels, data } = decodeImage(await readFile(folder.file(samples, name)), { name });
      return { width, height, channels: channels as Pixels["channels"], data: Uint8Array.from(data) };
    }),
  );
  await folder.write("progress.png", encodeApng(frames, { framesPerSecond: 4 }));
}

const charts: readonly { readonly title: string; readonly keys: readonly string[]; readonly format?: "percent" }[] = [
  { title: "Losses", keys: ["discriminatorLoss", "generatorLoss"] },
  { title: "Loss of the discriminator ÷ loss of the generator", keys: ["lossRatio"] },
  { title: "The discriminator is right on", keys: ["realAccuracy", "fakeAccuracy"], format: "percent" },
  { title: "Gradient norms", keys: ["discriminatorGradient", "generatorGradient"] },
  { title: "Distances among samples ÷ among real images", keys: ["diversity", "nearest"] },
  { title: "Fréchet distance of 1,000 samples", keys: ["validation/frechet"] },
  { title: "Classes covered", keys: ["validation/modes"] },
];

/** Writes `report.html`. */
async function writeGanReport(
  run: TaskRun<GanPreset>,
  { history, steps, reason, metrics }: TaskResult,
  { folder, device }: { folder: RunFolder; device: string },
): Promise<void> {
  const { recipe, preset, settings } = run;
  const lines = charts.map(
    ({ title, keys, format }): LineChart => ({
      title,
      xLabel: "epoch",
      ...(format && { format }),
      series: keys.map((key) => ({
        name: key,
        points: history.map(({ epoch, metrics }) => ({ x: epoch + 1, y: metrics[key] ?? Number.NaN })),
      })),
    }),
  );
  const report = renderRunReport({
    title: recipe.title,
    subtitle: preset.summary,
    summary: [
      { name: "recipe", value: `${recipe.name}, preset ${preset.name}` },
      { name: "command", value: commandLine(run) },
      { name: "device", value: device },
      { name: "seed", value: String(settings.seed) },
      { name: "epochs", value: `${history.length} of ${settings.epochs} (${reason})` },
      { name: "steps", value: String(steps) },
      { name: "Node.js", value: process.version },
      { name: "platform", value: `${process.platform} ${process.arch}` },
    ],
    charts: lines.filter(({ series }) => series.some(({ points }) => points.some(({ y }) => Number.isFinite(y)))),
    highlights: Object.entries(metrics ?? {}).map(([name, value]) => ({ name, value: value.toFixed(4) })),
  });
  await folder.write("report.html", report);
}
