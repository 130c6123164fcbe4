/**
 * A genetic algorithm: generations of candidates; parents win tournaments, children cross and mutate, the best live on.
 * Holland 1975, "Adaptation in natural and artificial systems"; Real et al. 2017, "Large-scale evolution of image classifiers", arXiv:1703.01041.
 */

import { OptionError, type Rng } from "@dl/core";
import { crossover, mutate, sample } from "../space/candidate.ts";
import type { Space } from "../space/space.ts";
import { type Proposal, type Strategy, scoreOf, type Trial } from "./strategy.ts";

export interface GeneticAlgorithmOptions {
  /** Candidates of a generation. Default 20. */
  readonly population?: number;
  /** Candidates drawn for a tournament, whose best becomes a parent. Default 3. */
  readonly tournament?: number;
  /** Share of children with two parents. Default 0.9. */
  readonly crossoverRate?: number;
  /** Share of children that mutate. Default 0.8. */
  readonly mutationRate?: number;
  /** Best candidates that live on unchanged. Default 1. */
  readonly elites?: number;
  readonly rng: Rng;
}

export function geneticAlgorithm<T>(
  space: Space<T>,
  { population = 20, tournament = 3, crossoverRate = 0.9, mutationRate = 0.8, elites = 1, rng }: GeneticAlgorithmOptions,
): Strategy<T> {
  // A population of 10.5 would never be complete.
  const areWhole = [population, elites, tournament].every(Number.isInteger);
  if (!(areWhole && population >= 2 && elites >= 0 && elites < population && tournament >= 1)) {
    throw new OptionError(
      `geneticAlgorithm: expected whole numbers, population ≥ 2, elites below it and tournament ≥ 1, got ${population}, ${elites} and ${tournament}.`,
    );
  }
  let parents: Trial<T>[] = [];
  let told: Trial<T>[] = [];
  let asked = 0;

  const parent = (): Trial<T> => {
    const entrants = Array.from({ length: tournament }, () => rng.pick(parents));
    return entrants.reduce((best, entrant) => (scoreOf(entrant) > scoreOf(best) ? entrant : best));
  };
  const child = (): Proposal<T> => {
    const chosen = rng.float() < crossoverRate ? [parent(), parent()] : [parent()];
    const [one, other] = chosen as [Trial<T>, Trial<T>?];
    const born = other ? crossover(space, [one.candidate, other.candidate], rng) : one.candidate;
    return { candidate: rng.float() < mutationRate ? mutate(space, born, rng) : born, parents: chosen.map(({ number }) => number) };
  };

  return {
    name: "genetic algorithm",
    ask() {
      if (asked === population) {
        if (told.length < population) return "wait";
        parents = [...told].sort((a, b) => scoreOf(b) - scoreOf(a));
        told = parents.slice(0, elites);
        asked = elites;
      }
      asked++;
      return parents.length === 0 ? { candidate: sample(space, rng) } : child();
    },
    tell(trial) {
      told.push(trial);
    },
  };
}
