/** NSGA-II: a front of trade-offs between several objectives. Deb et al. 2002, "A fast and elitist multiobjective genetic algorithm". */

import { OptionError, type Rng } from "@dl/core";
import { crossover, mutate, sample } from "../space/candidate.ts";
import type { Space } from "../space/space.ts";
import { crowdingDistances, paretoFronts } from "./pareto.ts";
import type { Proposal, Strategy, Trial } from "./strategy.ts";

export interface Nsga2Options {
  /** Candidates of a generation. Default 20. */
  readonly population?: number;
  /** Share of children with two parents. Default 0.9. */
  readonly crossoverRate?: number;
  /** Share of children that mutate. Default 0.5. */
  readonly mutationRate?: number;
  readonly rng: Rng;
}

/** A survivor, with its front and its room there. */
interface Ranked<T> {
  readonly trial: Trial<T>;
  readonly front: number;
  readonly room: number;
}

export function nsga2<T>(space: Space<T>, { population = 20, crossoverRate = 0.9, mutationRate = 0.5, rng }: Nsga2Options): Strategy<T> {
  if (!(Number.isInteger(population) && population >= 2)) throw new OptionError(`nsga2: expected population ≥ 2, got ${population}.`);
  let parents: Ranked<T>[] = [];
  let told: Trial<T>[] = [];
  let asked = 0;

  /** A better front wins; within one, more room. */
  const parent = (): Trial<T> => {
    const [a, b] = [rng.pick(parents), rng.pick(parents)];
    const better = a.front < b.front || (a.front === b.front && a.room >= b.room) ? a : b;
    return better.trial;
  };
  const child = (): Proposal<T> => {
    const chosen = rng.float() < crossoverRate ? [parent(), parent()] : [parent()];
    const [one, other] = chosen as [Trial<T>, Trial<T>?];
    const born = other ? crossover(space, [one.candidate, other.candidate], rng) : one.candidate;
    return { candidate: rng.float() < mutationRate ? mutate(space, born, rng) : born, parents: chosen.map(({ number }) => number) };
  };

  return {
    name: "NSGA-II",
    ask() {
      if (asked === population) {
        if (told.length < population) return "wait";
        parents = survivors([...parents.map(({ trial }) => trial), ...told], population);
        told = [];
        asked = 0;
      }
      asked++;
      return parents.length === 0 ? { candidate: sample(space, rng) } : child();
    },
    tell(trial) {
      told.push(trial);
    },
  };
}

/** The best `count` of all, each candidate once: front by front, and of the last front those with most room. */
function survivors<T>(trials: readonly Trial<T>[], count: number): Ranked<T>[] {
  const unique = [...new Map(trials.map((trial) => [trial.candidate.key, trial])).values()];
  const known = unique.filter(({ scores }) => scores !== null);
  const ranked = paretoFronts(known.map(({ scores }) => scores!)).flatMap((front, rank) => {
    const rooms = crowdingDistances(front.map((i) => known[i]!.scores!));
    const members = front.map((i, place): Ranked<T> => ({ trial: known[i]!, front: rank, room: rooms[place]! }));
    return members.sort((a, b) => b.room - a.room);
  });
  return ranked.slice(0, count);
}
