/** How good generated images are, in numbers that name what they were measured with and what real images reach. */

import { DataError, type HostTensor, hostTensor, OptionError, type Rng } from "@dl/core";
import { FeatureStatistics, frechetDistance, type GaussianStatistics, InceptionScore, kernelDistance, manifoldScores } from "@dl/metrics";
import type { ExtractedFeatures } from "./feature-extractor.ts";
import { type ModeCoverage, modeCoverage } from "./mode-coverage.ts";

/** A number and where it may lie with 95 % confidence, by bootstrap. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface GeneratedScores {
  /** Of every number here. */
  readonly extractor: string;
  readonly realCount: number;
  readonly generatedCount: number;
  /** Fréchet distance of the features: FID, where the extractor is Inception. */
  readonly frechet: Estimate;
  /** The same distance between real images and other real images, as many: no generator is below it, but by chance. */
  readonly floor: Estimate;
  /** How many times the floor the distance is. */
  readonly ratio: number;
  /** Unbiased squared MMD with the cubic kernel: KID, where the extractor is Inception. */
  readonly kernel: { readonly mean: number; readonly standardDeviation: number };
  /** Inception Score with this extractor's classes. */
  readonly inceptionScore: number;
  /** Improved precision: share of generated images among the real ones. */
  readonly precision: number;
  /** Improved recall: share of real images among the generated ones. */
  readonly recall: number;
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
  /** Resamplings for the confidence. Default 30. */
  bootstraps?: number;
  /** Rows that precision, recall and the kernel distance compare, pair by pair. Default 2,000. */
  pairs?: number;
}

/**
 * @throws DataError when there are too few images for a covariance, with the number needed; OptionError for features of different extractors.
 */
export function scoreGenerated({ real, generated, otherReal, rng, bootstraps = 30, pairs = 2000 }: ScoreOptions): GeneratedScores {
  for (const [name, { extractor }] of Object.entries({ generated, ...(otherReal && { otherReal }) })) {
    if (extractor !== real.extractor) {
      throw new OptionError(
        `scoreGenerated: expected ${name} features by ${real.extractor}, got ${extractor}. Scores of two extractors cannot be compared.`,
      );
    }
  }
  if (!Number.isInteger(bootstraps) || bootstraps < 2) {
    throw new OptionError(`scoreGenerated: expected a whole number of bootstraps ≥ 2, got ${bootstraps}.`);
  }
  checkCount("real", real, otherReal ? 1 : 2);
  checkCount("generated", generated, 1);
  if (otherReal) checkCount("otherReal", otherReal, 1);
  const halves = halvesOf(real.features, rng.fork("halves"));
  const other = otherReal ? otherReal.features : halves[1];
  const frechet = bootstrapped(real.features, generated.features, { rng: rng.fork("bootstrap"), bootstraps });
  const floor = bootstrapped(otherReal ? real.features : halves[0], other, { rng: rng.fork("floor"), bootstraps });
  const few = {
    real: someRows(real.features, { count: pairs, rng: rng.fork("real rows") }),
    generated: someRows(generated.features, { count: pairs, rng: rng.fork("generated rows") }),
  };
  const least = Math.min(few.real.shape[0]!, few.generated.shape[0]!);
  const size = Math.min(1000, least);
  const { precision, recall } = manifoldScores(few);
  const score = new InceptionScore({ classes: generated.probabilities.shape[1]! });
  score.update({ probabilities: generated.probabilities });
  return {
    extractor: real.extractor,
    realCount: real.features.shape[0]!,
    generatedCount: generated.features.shape[0]!,
    frechet,
    floor,
    ratio: frechet.value / floor.value,
    kernel: kernelDistance(few, { subsets: { count: 5, size, rng: rng.fork("kernel") } }),
    inceptionScore: score.result(),
    precision,
    recall,
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

function bootstrapped(a: HostTensor, b: HostTensor, { rng, bootstraps }: { rng: Rng; bootstraps: number }): Estimate {
  const value = frechetDistance(statisticsOf(a), statisticsOf(b));
  const values = Array.from({ length: bootstraps }, () =>
    frechetDistance(statisticsOf(resampled(a, rng)), statisticsOf(resampled(b, rng))),
  );
  const mean = values.reduce((sum, x) => sum + x, 0) / bootstraps;
  // Resampling repeats rows and so shifts the distance upwards: its spread is taken, not its place.
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (bootstraps - 1));
  return { value, low: Math.max(0, value - 1.96 * deviation), high: value + 1.96 * deviation };
}

function statisticsOf(features: HostTensor): GaussianStatistics {
  const statistics = new FeatureStatistics({ size: features.shape[1]! });
  statistics.update({ features });
  return statistics.result();
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

function halvesOf(features: HostTensor, rng: Rng): readonly [HostTensor, HostTensor] {
  const order = rng.permutation(features.shape[0]!);
  const middle = order.length >> 1;
  return [rowsOf(features, order.subarray(0, middle)), rowsOf(features, order.subarray(middle))];
}

function rowsOf({ data, shape }: HostTensor, rows: Int32Array): HostTensor {
  const size = shape[1]!;
  const taken = new Float32Array(rows.length * size);
  rows.forEach((row, i) => {
    taken.set(data.subarray(row * size, (row + 1) * size), i * size);
  });
  return hostTensor(taken, [rows.length, size]);
}
