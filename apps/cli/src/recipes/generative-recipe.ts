/** What recipes that make images share: a generator, and how to draw from it. How it is measured stands in generator-scores.ts. */

import { type Device, DlError, type HostTensor, hostTensor, Rng, type Tensor, tensor, Yielder } from "@dl/core";
import { type ExampleOf, normalize, type Transform } from "@dl/data";
import type { ExtractorData } from "@dl/gan/node";
import { inference, loadState, type Mode, type Module, readState, writeSafetensors } from "@dl/nn";
import { loadSafetensors } from "@dl/nn/node";
import type { RunFolder } from "@dl/train/node";
import { modelName } from "../run.ts";
import { modelFile } from "../run-files.ts";
import type { LabelledImages, RecipeData } from "./recipe.ts";
import type { TaskPreset, TaskRecipe, TaskRun } from "./task-recipe.ts";

/** A preset whose model makes images in [−1, 1]. */
export interface GenerativePreset extends TaskPreset {
  readonly data: RecipeData;
  /** What its images are measured with. */
  readonly extractor: ExtractorData;
  /** Length of a latent vector. */
  readonly latent: number;
  /** Whether `draw` heeds the labels. */
  readonly isConditional: boolean;
  /** Images made for the scores. */
  readonly scored: number;
  generator(rng: Rng): Module;
  /** Images `[B, H, W, C]` from latents `[B, latent]` and labels `[B]`, inside `compute`. */
  draw(generator: Module, inputs: { readonly latents: Tensor; readonly labels: Tensor; readonly mode: Mode }): Tensor;
}

export type GenerativeRun = TaskRun<GenerativePreset>;

export function isGenerative(run: { readonly preset: object }): run is GenerativeRun {
  return "draw" in run.preset;
}

/** The trained generator of a run's folder. */
export async function loadGenerator({ preset, settings }: GenerativeRun, folder: string): Promise<Module> {
  const generator = preset.generator(new Rng(settings.seed).fork("generator"));
  try {
    loadState(generator, await loadSafetensors(await modelFile(folder)));
    return generator;
  } catch (error) {
    generator[Symbol.dispose]();
    throw error;
  }
}

/** Writes the generator; last, for it marks the end of training. */
export async function writeGenerator(generator: Module, { folder, reason }: { folder: RunFolder; reason: string }): Promise<void> {
  const state = await readState(generator);
  for (const [path, { data }] of state) {
    if (!data.every(Number.isFinite)) {
      throw new DlError(
        `dl train: expected weights that are numbers, got others in ${path}: ${reason}. The folder's checkpoint is the last good one.`,
      );
    }
  }
  await folder.write(modelName, writeSafetensors(state, { metadata: { reason } }));
}

export interface DrawOptions {
  device: Device;
  latents: HostTensor;
  /** Default 0, 1, 2 … around. */
  labels?: Int32Array;
  signal?: AbortSignal;
  batchSize?: number;
}

/** Images `[N, H, W, C]` in [−1, 1], of all latents. */
export async function drawImages(
  { preset }: GenerativeRun,
  generator: Module,
  { device, latents, labels, signal, batchSize = 100 }: DrawOptions,
): Promise<HostTensor> {
  const count = latents.shape[0]!;
  const classes = preset.data.classNames.length;
  const [height, width, channels] = preset.data.imageShape;
  const size = height * width * channels;
  const images = new Float32Array(count * size);
  const yielder = new Yielder();
  for (let start = 0; start < count; start += batchSize) {
    await yielder.turn();
    signal?.throwIfAborted();
    const rows = Math.min(batchSize, count - start);
    const part = hostTensor(latents.data.slice(start * preset.latent, (start + rows) * preset.latent), [rows, preset.latent]);
    const made = (await device.compute(() =>
      preset.draw(generator, {
        latents: tensor(part),
        labels: labels ? tensor(hostTensor(labels.slice(start, start + rows), [rows])) : cyclicLabels({ start, count: rows, classes }),
        mode: inference,
      }),
    )) as HostTensor;
    images.set(made.data, start * size);
  }
  return hostTensor(images, [count, height, width, channels]);
}

/** Of the recipe's form, but known to make images. */
export type GenerativeRecipe = TaskRecipe<GenerativePreset>;

/** Labels 0, 1, 2 … around, from place `start` on; inside `compute`. */
export function cyclicLabels({ start, count, classes }: { start: number; count: number; classes: number }): Tensor {
  return tensor(
    hostTensor(
      Int32Array.from({ length: count }, (_, i) => (start + i) % classes),
      [count],
    ),
  );
}

/** From [0, 1] to the [−1, 1] of tanh. */
export function toTanhRange({ data }: GenerativePreset): Transform<ExampleOf<LabelledImages>> {
  const half = Array.from({ length: data.imageShape[2] }, () => 0.5);
  return normalize({ mean: half, standardDeviation: half });
}
