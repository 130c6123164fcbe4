/** How what a recipe's generator makes is measured: in short along its run, whole at its end. */

import { type Device, type HostTensor, Rng } from "@dl/core";
import { batches, take } from "@dl/data";
import { drawLatents, type ExtractedFeatures, extractFeatures, type GeneratedScores, modeCoverage, scoreGenerated } from "@dl/gan";
import { type TrainedExtractor, trainedExtractor } from "@dl/gan/node";
import { FrechetDistance } from "@dl/metrics";
import type { Module } from "@dl/nn";
import type { Metrics } from "@dl/train";
import { showDownload } from "../session.ts";
import { drawImages, type GenerativeRun } from "./generative-recipe.ts";
import type { LabelledImages } from "./recipe.ts";

export interface ScorerOptions {
  device: Device;
  signal: AbortSignal;
}

/** Scores that stand beside what real images reach. */
const estimated = ["frechet", "kernel", "inceptionScore", "precision", "recall", "classesCovered", "confidence"] as const;

/** Measures the generator of a run through its preset's extractor. Opened before training begins: what is missing then is missed in time. */
export class GeneratorScorer implements Disposable {
  readonly #run: GenerativeRun;
  readonly #extractor: TrainedExtractor;
  readonly #options: ScorerOptions;
  /** Of the test images that `glance` compares with. */
  #few: ExtractedFeatures | undefined;

  private constructor(run: GenerativeRun, extractor: TrainedExtractor, options: ScorerOptions) {
    this.#run = run;
    this.#extractor = extractor;
    this.#options = options;
  }

  static async open(run: GenerativeRun, options: ScorerOptions): Promise<GeneratorScorer> {
    return new GeneratorScorer(run, await trainedExtractor(run.preset.extractor), options);
  }

  /** Few images: it is there to show whether the distance falls, not to be quoted. */
  async glance(generator: Module): Promise<Metrics> {
    const count = this.#count(1000);
    this.#few ??= await this.#real("test", count);
    const images = await this.#drawn(generator, count);
    // A generator that draws one image has no distance; that it covers one class at most is what the alarm looks at.
    if (areAlike(images)) return { modes: 1 };
    const { features, probabilities } = await this.#seen(images);
    const distance = new FrechetDistance({ size: features.shape[1]! });
    distance.update({ real: this.#few.features, generated: features });
    const { covered, confidence } = modeCoverage(probabilities);
    return { frechet: distance.result(), modes: covered, confidence };
  }

  /** Every score against the test set; the floor is the training set's, both as large as the sample. */
  async scores(generator: Module): Promise<{ readonly scores: GeneratedScores; readonly metrics: Metrics }> {
    const { preset } = this.#run;
    const count = this.#count(preset.scored);
    const generated = await this.#seen(await this.#drawn(generator, count));
    const [real, otherReal] = [await this.#real("test", count), await this.#real("train", count)];
    const scores = await scoreGenerated({ real, generated, otherReal, rng: this.#rng.fork("scores"), signal: this.#options.signal });
    const metrics: Record<string, number> = { "test/ratio": scores.ratio };
    for (const name of estimated) {
      const { value, low, high } = scores[name];
      metrics[`test/${name}`] = value;
      if (low !== undefined) metrics[`test/${name}Low`] = low;
      if (high !== undefined) metrics[`test/${name}High`] = high;
      metrics[name === "frechet" ? "test/floor" : `test/${name}OfReal`] = scores.floor[name].value;
    }
    metrics["test/leastShare"] = Math.min(...scores.coverage.shares);
    metrics["test/largestShare"] = Math.max(...scores.coverage.shares);
    if (preset.isConditional) metrics["test/conditionalAccuracy"] = conditionalAccuracy(generated);
    return { scores, metrics };
  }

  [Symbol.dispose](): void {
    this.#extractor[Symbol.dispose]();
  }

  get #rng(): Rng {
    return new Rng(this.#run.settings.seed).fork("score");
  }

  /** Images to score: `most`, or as few as a trial with `--limit` uses; a Fréchet distance needs more than there are features. */
  #count(most: number): number {
    return Math.max(100, Math.min(this.#run.settings.limit ?? most, most));
  }

  #drawn(generator: Module, count: number): Promise<HostTensor> {
    const latents = drawLatents(count, { size: this.#run.preset.latent, rng: this.#rng.fork("latents") });
    return drawImages(this.#run, generator, { ...this.#options, latents });
  }

  #seen(images: HostTensor): Promise<ExtractedFeatures> {
    return extractFeatures(images, { ...this.#options, extractor: this.#extractor, low: -1, high: 1 });
  }

  async #real(split: "train" | "test", count: number): Promise<ExtractedFeatures> {
    const all = await this.#run.preset.data.load(split, { onProgress: showDownload, signal: this.#options.signal });
    return extractFeatures(imagesOf(count < all.length ? take(all, count) : all), { ...this.#options, extractor: this.#extractor });
  }
}

function areAlike({ data, shape }: HostTensor): boolean {
  const size = data.length / shape[0]!;
  return data.every((value, i) => i < size || value === data[i - size]);
}

/** The share of images that the classifier takes for what was asked for: 0, 1, 2 … around. */
function conditionalAccuracy({ probabilities: { shape, data } }: ExtractedFeatures): number {
  const [count, classes] = shape as readonly [number, number];
  let right = 0;
  for (let row = 0; row < count; row++) {
    const own = data.subarray(row * classes, (row + 1) * classes);
    if (own.every((p) => p <= own[row % classes]!)) right++;
  }
  return right / count;
}

/** All images of a data set, in [0, 1]. */
function imagesOf(dataset: LabelledImages): HostTensor {
  const [batch] = [...batches(dataset, { batchSize: dataset.length })];
  return batch!.images;
}
