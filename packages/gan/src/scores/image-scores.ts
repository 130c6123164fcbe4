/** Every score of images against real ones, with its confidence by bootstrap. Efron & Tibshirani 1993, chapter 6. */

import type { HostTensor, Rng } from "@dl/core";
import {
  bootstrapInterval,
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

/** A number and where it may lie with 95 % confidence, by bootstrap. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
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

export interface ImageScoresOptions {
  rng: Rng;
  bootstraps: number;
  /** Most rows that are compared pair by pair. */
  pairs: number;
}

interface Sides<T> {
  readonly real: T;
  readonly made: T;
}

export function scoresOf({ real, made }: Sides<ExtractedFeatures>, { rng, bootstraps, pairs }: ImageScoresOptions): ImageScores {
  const few = {
    real: someRows(real.features, { count: pairs, rng: rng.fork("real rows") }),
    generated: someRows(made.features, { count: pairs, rng: rng.fork("made rows") }),
  };
  const kernel = kernelDistance(few, { bootstrap: { resamples: bootstraps, rng: rng.fork("kernel") } });
  const { precision, recall, standardErrors } = manifoldScores(few, { bootstrap: { resamples: bootstraps, rng: rng.fork("manifold") } });
  const { probabilities } = made;
  /** A number of the probabilities, whose rows are drawn again. */
  const ofClasses = (label: string, score: (probabilities: HostTensor) => number): { value: number; error: number } => {
    const ofRows = (rows: Int32Array): number => score(rowsOf(probabilities, rows));
    const interval = bootstrapInterval(probabilities.shape[0]!, ofRows, { rng: rng.fork(label), resamples: bootstraps });
    return { value: interval.estimate, error: interval.standardError };
  };
  const classes = probabilities.shape[1]!;
  return {
    frechet: within(frechetEstimate({ real: real.features, made: made.features }, { rng: rng.fork("frechet"), bootstraps }), 0),
    kernel: within({ value: kernel.mean, error: kernel.standardError! }),
    inceptionScore: within(ofClasses("inception score", inceptionScoreOf), 1, classes),
    precision: within({ value: precision, error: standardErrors!.precision }, 0, 1),
    recall: within({ value: recall, error: standardErrors!.recall }, 0, 1),
    classesCovered: within(
      ofClasses("classes", (rows) => modeCoverage(rows).covered),
      0,
      classes,
    ),
    confidence: within(
      ofClasses("confidence", (rows) => modeCoverage(rows).confidence),
      0,
      1,
    ),
  };
}

/** Of two sets of features `[N, D]` and `[M, D]`. */
export function frechetOf(a: HostTensor, b: HostTensor): number {
  return frechetDistance(statisticsOf(a), statisticsOf(b));
}

/** ± 1.96 standard errors, and not quantiles: resampling repeats rows, which shifts a distance upwards. So its spread is taken, not its place. */
function within(
  { value, error }: { readonly value: number; readonly error: number },
  least = Number.NEGATIVE_INFINITY,
  most = Number.POSITIVE_INFINITY,
): Estimate {
  return { value, low: Math.max(least, value - 1.96 * error), high: Math.min(most, value + 1.96 * error) };
}

function frechetEstimate({ real, made }: Sides<HostTensor>, { rng, bootstraps }: { rng: Rng; bootstraps: number }) {
  const values = Array.from({ length: bootstraps }, () => frechetOf(resampled(real, rng), resampled(made, rng)));
  const mean = values.reduce((sum, x) => sum + x, 0) / bootstraps;
  const error = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (bootstraps - 1));
  return { value: frechetOf(real, made), error };
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

function resampled(features: HostTensor, rng: Rng): HostTensor {
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
