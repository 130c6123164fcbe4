/** How good generated images are, in numbers that name what they were measured with, how sure they are, and what real images reach. */

import { DataError, OptionError, type Rng } from "@dl/core";
import type { ExtractedFeatures } from "./feature-extractor.ts";
import { HostWork, type ImageScores, scoresOf } from "./image-scores.ts";
import { type ModeCoverage, modeCoverage } from "./mode-coverage.ts";
import { rowsOf } from "./rows.ts";

export interface GeneratedScores extends ImageScores {
  /** Of every number here. */
  readonly extractor: string;
  readonly realCount: number;
  readonly generatedCount: number;
  /** The same scores of other real images, `count` of them against `count`: no generator is better, but by chance. */
  readonly floor: ImageScores & { readonly count: number };
  /** How many times the floor's Fréchet distance that of the generated images is, over `floor.count` images on each side: with fewer images a distance is larger. */
  readonly ratio: number;
  /** Resamplings behind every interval; 0 where there are none. */
  readonly bootstraps: number;
  readonly coverage: ModeCoverage;
}

export interface ScoreOptions {
  /** What the generator imitates. */
  real: ExtractedFeatures;
  generated: ExtractedFeatures;
  /** Other real images, for the floor. Default: `real` in two halves. */
  otherReal?: ExtractedFeatures;
  /** Draws bootstrap samples and subsets. */
  rng: Rng;
  /**
   * Resamplings for the confidence, at least 10; 0 for no intervals. Each takes a Fréchet distance on the host, which for the 2,048 features of
   * Inception is a minute's work or more. Default 30.
   */
  bootstraps?: number;
  /** Rows that precision, recall and the kernel distance compare, pair by pair; no more than the floor has. Default 2,000. */
  pairs?: number;
  /** Ends the work between two of its parts. */
  signal?: AbortSignal;
}

/**
 * Scores of generated images against real ones, and of real ones against each other. Works on the host, and lets the event loop turn between resamplings.
 *
 * @throws DataError when there are too few images for a covariance, with the number needed; OptionError for features of different extractors.
 */
export async function scoreGenerated(options: ScoreOptions): Promise<GeneratedScores> {
  const { real, generated, otherReal, rng, bootstraps = 30, pairs = 2000, signal } = options;
  for (const [name, { features }] of Object.entries({ real, generated, ...(otherReal && { otherReal }) })) {
    if (features === undefined) {
      throw new OptionError(
        `scoreGenerated: expected ${name} as extractFeatures gives it, got none of its features. Extract them of the images first.`,
      );
    }
  }
  for (const [name, { extractor }] of Object.entries({ generated, ...(otherReal && { otherReal }) })) {
    if (extractor !== real.extractor) {
      throw new OptionError(
        `scoreGenerated: expected ${name} features by ${real.extractor}, got ${extractor}. Scores of two extractors cannot be compared.`,
      );
    }
  }
  for (const [name, value, least] of [
    ["bootstraps", bootstraps, 10],
    ["pairs", pairs, 10],
  ] as const) {
    if (Number.isInteger(value) && value >= least) continue;
    if (name === "bootstraps" && value === 0) continue;
    const none = name === "bootstraps" ? ", or 0 for no intervals" : "";
    throw new OptionError(`scoreGenerated: expected a whole number of ${name} ≥ ${least}${none}, got ${value}.`);
  }
  checkCount("real", real, otherReal ? 1 : 2);
  checkCount("generated", generated, 1);
  if (otherReal) checkCount("otherReal", otherReal, 1);
  const [one, other] = otherReal ? [real, otherReal] : halvesOf(real, rng.fork("halves"));
  const count = Math.min(...[one, other, generated].map(({ features }) => features.shape[0]!));
  const cut = (images: ExtractedFeatures, label: string): ExtractedFeatures => someOf(images, { count, rng: rng.fork(label) });
  const [few, fewOther, fewGenerated] = [cut(one, "one"), cut(other, "other"), cut(generated, "generated")];
  const work = new HostWork({ signal });
  await work.keep(...[real, generated, few, fewOther, fewGenerated].map(({ features }) => features));
  const shared = { bootstraps, pairs: Math.min(pairs, count), work };
  const floor = await scoresOf({ real: few, made: fewOther }, { ...shared, rng: rng.fork("floor") });
  const scores = await scoresOf({ real, made: generated }, { ...shared, rng: rng.fork("scores") });
  const isWhole = few.features === real.features && fewGenerated.features === generated.features;
  return {
    extractor: real.extractor,
    realCount: real.features.shape[0]!,
    generatedCount: generated.features.shape[0]!,
    ...scores,
    floor: { count, ...floor },
    ratio: (isWhole ? scores.frechet.value : await work.frechet(few.features, fewGenerated.features)) / floor.frechet.value,
    bootstraps,
    coverage: modeCoverage(generated.probabilities),
  };
}

/** A covariance of D features needs more than D images, or it is singular and the distance measures that. */
function checkCount(name: string, { features }: ExtractedFeatures, parts: number): void {
  const [count, size] = features.shape as readonly [number, number];
  const needed = parts * (size + 1);
  if (count >= needed) return;
  throw new DataError(
    `scoreGenerated: expected at least ${needed} ${name} images for a Fréchet distance over ${size} features, got ${count}. 10,000 are usual: with few, the distance is far too large.`,
  );
}

/** `count` of the images, drawn at random; all of them, as they are, where there are no more. */
function someOf(images: ExtractedFeatures, { count, rng }: { count: number; rng: Rng }): ExtractedFeatures {
  if (images.features.shape[0]! <= count) return images;
  return picked(images, rng.permutation(images.features.shape[0]!).subarray(0, count));
}

function halvesOf(images: ExtractedFeatures, rng: Rng): readonly [ExtractedFeatures, ExtractedFeatures] {
  const order = rng.permutation(images.features.shape[0]!);
  const middle = order.length >> 1;
  return [picked(images, order.subarray(0, middle)), picked(images, order.subarray(middle))];
}

function picked({ extractor, features, probabilities }: ExtractedFeatures, rows: Int32Array): ExtractedFeatures {
  return { extractor, features: rowsOf(features, rows), probabilities: rowsOf(probabilities, rows) };
}
