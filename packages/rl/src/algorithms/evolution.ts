/** Search without gradients: the cross-entropy method, and evolution strategies. What they reach is what a gradient must beat. */

import { OptionError, type Rng } from "@dl/core";

/** Returns of many candidates, each a vector of parameters. */
export type Fitness = (candidates: readonly Float64Array[]) => Promise<readonly number[]> | readonly number[];

export interface EvolutionLog {
  readonly iteration: number;
  readonly best: number;
  readonly mean: number;
}

interface SearchOptions {
  /** Where to begin. */
  start: ArrayLike<number>;
  fitness: Fitness;
  rng: Rng;
  iterations: number;
  /** Candidates in an iteration. Default 32. */
  population?: number;
  onLog?: (log: EvolutionLog) => void;
}

export interface CrossEntropyOptions extends SearchOptions {
  /** Share of candidates that the next distribution is fitted to. Default 0.2. */
  elite?: number;
  /** First standard deviation. Default 1. */
  spread?: number;
  /** Added to the variance, and fading to nothing: without it the search closes too early. Default 0.1. */
  extraSpread?: number;
}

/** The cross-entropy method. Rubinstein 1999; with noise that fades, Szita and Lőrincz 2006, "Learning Tetris using the noisy cross-entropy method". */
export async function crossEntropyMethod({
  start,
  fitness,
  rng,
  iterations,
  population = 32,
  elite = 0.2,
  spread = 1,
  extraSpread = 0.1,
  onLog,
}: CrossEntropyOptions): Promise<Float64Array> {
  const size = start.length;
  const kept = Math.max(1, Math.round(population * elite));
  const mean = Float64Array.from(start);
  const variance = new Float64Array(size).fill(spread ** 2);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const noise = rng.normal([population * size]).data;
    const extra = extraSpread * Math.max(1 - iteration / (iterations * 0.7), 0);
    const candidates = Array.from({ length: population }, (_, c) =>
      mean.map((m, i) => m + Math.sqrt(variance[i]! + extra) * noise[c * size + i]!),
    );
    const returns = await scored("crossEntropyMethod", { fitness, candidates });
    const best = [...candidates.keys()].sort((a, b) => returns[b]! - returns[a]!).slice(0, kept);
    for (let i = 0; i < size; i++) {
      const center = best.reduce((sum, c) => sum + candidates[c]![i]!, 0) / kept;
      variance[i] = best.reduce((sum, c) => sum + (candidates[c]![i]! - center) ** 2, 0) / kept;
      mean[i] = center;
    }
    onLog?.(logOf(iteration, returns));
  }
  return mean;
}

export interface EvolutionStrategyOptions extends SearchOptions {
  /** Standard deviation of the perturbations. Default 0.1. */
  noise?: number;
  /** Default 0.05. */
  learningRate?: number;
}

/** Evolution strategies: mirrored perturbations, weighted by rank. Salimans et al. 2017, arXiv:1703.03864, algorithm 1 and section 2.1. */
export async function evolutionStrategy({
  start,
  fitness,
  rng,
  iterations,
  population = 32,
  noise = 0.1,
  learningRate = 0.05,
  onLog,
}: EvolutionStrategyOptions): Promise<Float64Array> {
  if (population % 2 !== 0) throw new OptionError(`evolutionStrategy: expected an even population, for mirrored pairs, got ${population}.`);
  const size = start.length;
  const mean = Float64Array.from(start);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const draws = rng.normal([(population / 2) * size]).data;
    const candidates = Array.from({ length: population }, (_, c) => {
      const sign = c % 2 === 0 ? 1 : -1;
      return mean.map((m, i) => m + sign * noise * draws[(c >> 1) * size + i]!);
    });
    const returns = await scored("evolutionStrategy", { fitness, candidates });
    // From −½ for the worst to ½ for the best: outliers count no more than their rank.
    const ranks = new Float64Array(population);
    for (const [rank, c] of [...candidates.keys()].sort((a, b) => returns[a]! - returns[b]!).entries())
      ranks[c] = rank / (population - 1) - 0.5;
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let c = 0; c < population; c++) sum += ranks[c]! * (c % 2 === 0 ? 1 : -1) * draws[(c >> 1) * size + i]!;
      mean[i]! += (learningRate * sum) / (population * noise);
    }
    onLog?.(logOf(iteration, returns));
  }
  return mean;
}

async function scored(
  where: string,
  { fitness, candidates }: { fitness: Fitness; candidates: readonly Float64Array[] },
): Promise<readonly number[]> {
  const returns = await fitness(candidates);
  if (returns.length !== candidates.length || !returns.every(Number.isFinite)) {
    throw new OptionError(
      `${where}: expected a finite return for each of ${candidates.length} candidates, got [${returns.slice(0, 8).join(", ")}].`,
    );
  }
  return returns;
}

function logOf(iteration: number, returns: readonly number[]): EvolutionLog {
  return { iteration, best: Math.max(...returns), mean: returns.reduce((a, b) => a + b, 0) / returns.length };
}
