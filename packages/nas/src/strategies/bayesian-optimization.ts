/**
 * Bayesian optimisation: a Gaussian process learns to predict scores from encodings, and the candidate with the largest expected improvement
 * is next. Jones et al. 1998, "Efficient global optimization"; White et al. 2021, "BANANAS", arXiv:1910.11858, for candidates by mutation.
 */

import type { Rng } from "@dl/core";
import { type Candidate, encode, mutate, sample } from "../space/candidate.ts";
import type { Space } from "../space/space.ts";
import { gaussianProcess } from "./gaussian-process.ts";
import { type Proposal, type Strategy, scoreOf, type Trial } from "./strategy.ts";

export interface BayesianOptimizationOptions<T> {
  /** Trials before the first prediction: those of `known`, then random ones. Default 10. */
  readonly startup?: number;
  /** Tried first, such as what was set by hand. Default none. */
  readonly known?: readonly Candidate<T>[];
  /** Candidates weighed for each proposal: half random, half mutants of the best. Default 100. */
  readonly candidates?: number;
  /** Trials the process learns from: the best half and the latest. Its cost grows with their cube. Default 200. */
  readonly memory?: number;
  readonly rng: Rng;
}

export function bayesianOptimization<T>(
  space: Space<T>,
  { startup = 10, known = [], candidates = 100, memory = 200, rng }: BayesianOptimizationOptions<T>,
): Strategy<T> {
  const told: Trial<T>[] = [];
  const proposed = new Set<string>();
  let predict: ReturnType<typeof gaussianProcess> | undefined;

  const learn = (): ReturnType<typeof gaussianProcess> => {
    const done = told.filter(({ scores }) => scores !== null && Number.isFinite(scores[0]));
    const best = [...done].sort((a, b) => scoreOf(b) - scoreOf(a)).slice(0, memory / 2);
    const kept = [...new Set([...best, ...done.slice(-memory / 2)])];
    return gaussianProcess(
      kept.map(({ candidate }) => encode(space, candidate)),
      kept.map(scoreOf),
    );
  };

  return {
    name: "Bayesian optimisation",
    ask(number) {
      if (number < known.length) return { candidate: known[number]! };
      const done = told.filter(({ scores }) => scores !== null && Number.isFinite(scores[0]));
      if (done.length < Math.max(2, startup)) return { candidate: sample(space, rng) };
      predict ??= learn();
      const top = [...done].sort((a, b) => scoreOf(b) - scoreOf(a)).slice(0, 10);
      const best = scoreOf(top[0]!);
      let next: Proposal<T> | undefined;
      let most = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < candidates; i++) {
        const parent = i % 2 === 0 ? undefined : rng.pick(top);
        const candidate = parent ? mutate(space, parent.candidate, rng) : sample(space, rng);
        if (proposed.has(candidate.key)) continue;
        const { mean, deviation } = predict(encode(space, candidate));
        const gain = expectedImprovement((mean - best) / deviation) * deviation;
        if (gain > most) [next, most] = [{ candidate, ...(parent && { parents: [parent.number] }) }, gain];
      }
      const proposal = next ?? { candidate: sample(space, rng) };
      proposed.add(proposal.candidate.key);
      return proposal;
    },
    tell(trial) {
      told.push(trial);
      proposed.add(trial.candidate.key);
      predict = undefined;
    },
  };
}

/** E[max(0, Z + z)] of a standard normal Z: z·Φ(z) + φ(z). */
function expectedImprovement(z: number): number {
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  // Abramowitz and Stegun 26.2.17 for 1 − Φ(|z|), error below 8e-8.
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail = density * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z * (z >= 0 ? 1 - tail : tail) + density;
}
