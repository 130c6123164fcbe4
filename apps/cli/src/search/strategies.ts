/** The strategies `dl search --strategy` knows, with their settings for a search of some tens or hundreds of trials. */

import type { Device, Rng } from "@dl/core";
import {
  asha,
  bayesianOptimization,
  type Candidate,
  geneticAlgorithm,
  gridSearch,
  hyperband,
  localSearch,
  neuralPredictor,
  nsga2,
  ofGenotype,
  policyGradient,
  populationBasedTraining,
  randomSearch,
  regularizedEvolution,
  type SearchProblem,
  type Strategy,
  successiveHalving,
  treeParzenEstimator,
} from "@dl/nas";
import { UsageError } from "../command.ts";
import { supernetStrategies } from "./supernet-search.ts";

export interface StrategyContext {
  readonly rng: Rng;
  /** For the strategies that learn; it must read synchronously. */
  readonly device: Device;
  /** Trials the search may run; what generations are sized by. */
  readonly trials: number;
}

interface NamedStrategy {
  readonly summary: string;
  make(problem: SearchProblem<unknown>, context: StrategyContext): Strategy<unknown>;
}

/** A part of the trials, within bounds. */
const part = (trials: number, share: number, [least, most]: readonly [number, number]): number =>
  Math.max(least, Math.min(most, Math.round(trials * share)));

function budgetsOf({ name, budgets }: SearchProblem<unknown>): readonly [number, number] {
  if (!budgets) throw new UsageError(`--strategy: expected one without budgets for ${name}, whose trials have none.`);
  return budgets;
}

const knownOf = ({ space, known = [] }: SearchProblem<unknown>): readonly Candidate<unknown>[] =>
  known.map((genotype) => ofGenotype(space, genotype));

export const strategies: Readonly<Record<string, NamedStrategy>> = {
  evolution: {
    summary: "regularised evolution: the best of a sample has a mutant, the oldest dies",
    make: ({ space }, { rng, trials }) =>
      regularizedEvolution(space, { population: part(trials, 0.25, [4, 50]), sampleSize: part(trials, 0.1, [2, 10]), rng }),
  },
  random: { summary: "random search", make: ({ space }, { rng }) => randomSearch(space, { rng }) },
  grid: { summary: "everything, in order", make: ({ space }) => gridSearch(space) },
  genetic: {
    summary: "genetic algorithm: tournaments, crossover, mutation, elites",
    make: ({ space }, { rng, trials }) => geneticAlgorithm(space, { population: part(trials, 0.2, [4, 20]), rng }),
  },
  nsga2: {
    summary: "NSGA-II: a front of trade-offs between several objectives",
    make: ({ space }, { rng, trials }) => nsga2(space, { population: part(trials, 0.2, [4, 20]), rng }),
  },
  local: { summary: "local search: the first better neighbour, and again", make: ({ space }, { rng }) => localSearch(space, { rng }) },
  tpe: {
    summary: "tree-structured Parzen estimators, from the settings set by hand on",
    make: (problem, { rng, trials }) =>
      treeParzenEstimator(problem.space, { startup: part(trials, 0.25, [2, 10]), known: knownOf(problem), rng }),
  },
  bayesian: {
    summary: "Bayesian optimisation with a Gaussian process, from the settings set by hand on",
    make: (problem, { rng, trials }) =>
      bayesianOptimization(problem.space, { startup: part(trials, 0.25, [2, 10]), known: knownOf(problem), rng }),
  },
  predictor: {
    summary: "a learned predictor: small networks guess scores, the best guesses are tried",
    make: ({ space }, { rng, device, trials }) => neuralPredictor(space, { device, startup: part(trials, 0.25, [2, 20]), rng }),
  },
  policy: {
    summary: "policy gradient: NASNet's LSTM controller",
    make: ({ space }, { rng, device }) => policyGradient(space, { device, rng }),
  },
  halving: {
    summary: "successive halving: the better part of all gets a larger budget",
    make: (problem, { rng, trials }) =>
      successiveHalving(problem.space, { candidates: Math.max(1, Math.ceil(trials / 1.5)), budgets: budgetsOf(problem), rng }),
  },
  hyperband: {
    summary: "Hyperband: brackets of successive halving, until the limit",
    make: (problem, { rng, trials }) => hyperband(problem.space, { budgets: budgetsOf(problem), rounds: trials, rng }),
  },
  asha: {
    summary: "asynchronous successive halving: nobody waits",
    make: (problem, { rng }) => asha(problem.space, { budgets: budgetsOf(problem), rng }),
  },
  population: {
    summary: "population-based training: the worst take over the best one's weights",
    make(problem, { rng, trials }) {
      const [interval, most] = budgetsOf(problem);
      const intervals = Math.max(1, Math.floor(most / interval));
      return populationBasedTraining(problem.space, { population: part(trials / intervals, 1, [2, 20]), interval, intervals, rng });
    },
  },
};

export function strategyNamed(name: string): NamedStrategy {
  const found = Object.hasOwn(strategies, name) ? strategies[name] : undefined;
  if (!found)
    throw new UsageError(
      `--strategy: expected one of ${[...Object.keys(strategies), ...Object.keys(supernetStrategies)].join(", ")}, got ${JSON.stringify(name)}.`,
    );
  return found;
}

/** For `--help`. */
export function listStrategies(): string {
  const all = [...Object.entries(strategies).map(([name, { summary }]) => [name, summary] as const), ...Object.entries(supernetStrategies)];
  const width = Math.max(...all.map(([name]) => name.length));
  return all.map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}`).join("\n");
}
