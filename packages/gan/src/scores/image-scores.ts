/** Every score of images against real ones, with its confidence by bootstrap. Efron & Tibshirani 1993, chapter 6. */

import { type HostTensor, type Rng, Yielder } from "@dl/core";
import {
  drawRows,
  FeatureStatistics,
  frechetDistance,
  type GaussianStatistics,
  InceptionScore,
  kernelDistance,
  manifoldScores,
} from "@dl/metrics";
import type { ExtractedFeatures } from "./feature-extractor.ts";
import { modeCoverage } from "./mode-coverage.ts";
import { rowsOf } from "./rows.ts";

/** A number and where it may lie with 95 % confidence, by bootstrap; undefined where there was none (`bootstraps: 0`). */
export interface Estimate {
  readonly value: number;
  readonly low: number | undefined;
  readonly high: number | undefined;
}

export interface ImageScores {
  /** Fréchet distance of the features: FID, where the extractor is Inception. */
  readonly frechet: Estimate;
  /** Unbiased squared MMD with the cubic kernel: KID, where the extractor is Inception. May be a little below 0. */
  readonly kernel: Estimate;
  /** Inception Score with this extractor's classes. */
  readonly inceptionScore: Estimate;
  /** Improved precision: share of the images among the real ones. */
  readonly precision: Estimate;
  /** Improved recall: share of real images among these. */
  readonly recall: Estimate;
  /** Classes with at least a tenth of an equal share of the images. */
  readonly classesCovered: Estimate;
  /** The classifier's mean probability of the class it chose. */
  readonly confidence: Estimate;
}

/** Work on the host that may take minutes, where features are many. */
export class HostWork {
  readonly #signal: AbortSignal | undefined;
  readonly #yielder = new Yielder();
  readonly #fits = new Map<HostTensor, GaussianStatistics>();

  constructor({ signal }: { signal?: AbortSignal | undefined }) {
    this.#signal = signal;
  }

  /** Between two parts of it: lets timers and signals through, and ends it where it was aborted. */
  async turn(): Promise<void> {
    await this.#yielder.turn();
    this.#signal?.throwIfAborted();
  }

  /** The Fréchet distance of two sets of features `[N, D]` and `[M, D]`. */
  async frechet(a: HostTensor, b: HostTensor): Promise<number> {
    const fits: GaussianStatistics[] = [];
    for (const features of [a, b]) {
      await this.turn();
      fits.push(this.#fits.get(features) ?? statisticsOf(features));
    }
    await this.turn();
    return frechetDistance(fits[0]!, fits[1]!);
  }

  /** Fits a Gaussian to features that several distances are of, once. */
  async keep(...sets: readonly HostTensor[]): Promise<void> {
    for (const features of sets) {
      await this.turn();
      if (!this.#fits.has(features)) this.#fits.set(features, statisticsOf(features));
    }
  }
}

export interface ImageScoresOptions {
  rng: Rng;
  /** 0 for no intervals. */
  bootstraps: number;
  /** Most rows that are compared pair by pair. */
  pairs: number;
  work: HostWork;
}

interface Sides<T> {
  readonly real: T;
  readonly made: T;
}

export async function scoresOf(
  { real, made }: Sides<ExtractedFeatures>,
  { rng, bootstraps, pairs, work }: ImageScoresOptions,
): Promise<ImageScores> {
  const few = {
    real: someRows(real.features, { count: pairs, rng: rng.fork("real rows") }),
    generated: someRows(made.features, { count: pairs, rng: rng.fork("made rows") }),
  };
  const again = (label: string) => (bootstraps === 0 ? {} : { bootstrap: { resamples: bootstraps, rng: rng.fork(label) } });
  await work.turn();
  const kernel = kernelDistance(few, again("kernel"));
  await work.turn();
  const { precision, recall, standardErrors } = manifoldScores(few, again("manifold"));
  const { probabilities } = made;
  const [rows, classes] = probabilities.shape as readonly [number, number];
  /** A number of the probabilities, whose rows are drawn again. */
  const ofClasses = async (label: string, score: (probabilities: HostTensor) => number): Promise<Measured> => {
    const draw = rng.fork(label);
    const values = await resampled({ bootstraps, work }, async () => score(rowsOf(probabilities, drawRows(draw, rows))));
    return { value: score(probabilities), error: deviation(values.sort()) };
  };
  const draw = rng.fork("frechet");
  const distances = await resampled({ bootstraps, work }, () =>
    work.frechet(drawnAgain(real.features, draw), drawnAgain(made.features, draw)),
  );
  return {
    frechet: within({ value: await work.frechet(real.features, made.features), error: deviation(distances) }, 0),
    kernel: within({ value: kernel.mean, error: kernel.standardError }),
    inceptionScore: within(await ofClasses("inception score", inceptionScoreOf), 1, classes),
    precision: within({ value: precision, error: standardErrors?.precision }, 0, 1),
    recall: within({ value: recall, error: standardErrors?.recall }, 0, 1),
    classesCovered: within(await ofClasses("classes", (drawn) => modeCoverage(drawn).covered), 0, classes),
    confidence: within(await ofClasses("confidence", (drawn) => modeCoverage(drawn).confidence), 0, 1),
  };
}

/** A score and its standard error, if it was asked for. */
interface Measured {
  readonly value: number;
  readonly error: number | undefined;
}

/** ± 1.96 standard errors, and not quantiles: resampling repeats rows, which shifts a distance upwards. So its spread is taken, not its place. */
function within({ value, error }: Measured, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY): Estimate {
  if (error === undefined) return { value, low: undefined, high: undefined };
  return { value, low: Math.max(least, value - 1.96 * error), high: Math.min(most, value + 1.96 * error) };
}

/** The score of each resample. */
async function resampled(
  { bootstraps, work }: Pick<ImageScoresOptions, "bootstraps" | "work">,
  score: () => Promise<number>,
): Promise<Float64Array> {
  const values = new Float64Array(bootstraps);
  for (let i = 0; i < bootstraps; i++) {
    await work.turn();
    values[i] = await score();
  }
  return values;
}

function deviation(values: Float64Array): number | undefined {
  if (values.length === 0) return undefined;
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1));
}

function statisticsOf(features: HostTensor): GaussianStatistics {
  const statistics = new FeatureStatistics({ size: features.shape[1]! });
  statistics.update({ features });
  return statistics.result();
}

function inceptionScoreOf(probabilities: HostTensor): number {
  const score = new InceptionScore({ classes: probabilities.shape[1]! });
  score.update({ probabilities });
  return score.result();
}

function drawnAgain(features: HostTensor, rng: Rng): HostTensor {
  const count = features.shape[0]!;
  return rowsOf(
    features,
    Int32Array.from({ length: count }, () => rng.integer(0, count)),
  );
}

function someRows(features: HostTensor, { count, rng }: { count: number; rng: Rng }): HostTensor {
  if (features.shape[0]! <= count) return features;
  return rowsOf(features, rng.permutation(features.shape[0]!).subarray(0, count));
}
