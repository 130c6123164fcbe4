/**
 * Tree-structured Parzen estimators: densities of good and of other trials, decision by decision; the next candidate is where their ratio is
 * largest. Bergstra et al. 2011, "Algorithms for hyper-parameter optimization"; Watanabe 2023, arXiv:2304.11127, for the settings.
 */

import type { Rng } from "@dl/core";
import { express, sample } from "../space/candidate.ts";
import { type Domain, draw, fromUnit, isInDomain, toUnit } from "../space/decision.ts";
import type { Space } from "../space/space.ts";
import { type Strategy, scoreOf, type Trial } from "./strategy.ts";

export interface TreeParzenEstimatorOptions {
  /** Random trials before the first estimate. Default 10. */
  readonly startup?: number;
  /** Share of the trials that are good. Default 0.25, at most 25 trials. */
  readonly goodShare?: number;
  /** Numbers drawn from the density of the good for each decision, whose best is taken. Default 24. */
  readonly draws?: number;
  readonly rng: Rng;
}

export function treeParzenEstimator<T>(
  space: Space<T>,
  { startup = 10, goodShare = 0.25, draws = 24, rng }: TreeParzenEstimatorOptions,
): Strategy<T> {
  const told: Trial<T>[] = [];
  return {
    name: "TPE",
    ask() {
      if (told.length < startup) return { candidate: sample(space, rng) };
      const sorted = [...told].sort((a, b) => scoreOf(b) - scoreOf(a));
      const count = Math.max(1, Math.min(25, Math.ceil(goodShare * sorted.length)));
      const [good, rest] = [sorted.slice(0, count), sorted.slice(count)];
      const numbers = (trials: readonly Trial<T>[], path: string, domain: Domain): number[] =>
        trials
          .map(({ candidate }) => candidate.genotype[path])
          .filter((number): number is number => number !== undefined && isInDomain(domain, number));
      const candidate = express(space, (path, domain) => {
        const likely = density(numbers(good, path, domain), domain);
        const unlikely = density(numbers(rest, path, domain), domain);
        let best = draw(domain, rng);
        let most = Number.NEGATIVE_INFINITY;
        for (let i = 0; i < draws; i++) {
          const number = likely.draw(rng);
          const gain = Math.log(likely.at(number)) - Math.log(unlikely.at(number));
          if (gain > most) [best, most] = [number, gain];
        }
        return best;
      });
      return { candidate };
    },
    tell(trial) {
      told.push(trial);
    },
  };
}

interface Density {
  at(number: number): number;
  draw(rng: Rng): number;
}

const density = (numbers: readonly number[], domain: Domain): Density =>
  domain.kind === "choice" ? frequencies(numbers, domain) : mixture(numbers, domain);

/** Shares of the choices, each counted once more than it was seen. */
function frequencies(numbers: readonly number[], domain: Extract<Domain, { kind: "choice" }>): Density {
  const counts = new Array<number>(domain.count).fill(1);
  for (const number of numbers) counts[number]!++;
  const total = numbers.length + domain.count;
  return {
    at: (number) => counts[number]! / total,
    draw(rng) {
      let place = rng.float() * total;
      const found = counts.findIndex((count) => (place -= count) < 0);
      return found === -1 ? domain.count - 1 : found;
    },
  };
}

/** Bells around the numbers seen, on the unit scale and cut off at its ends, and a flat one as prior, all with equal shares. */
function mixture(numbers: readonly number[], domain: Domain): Density {
  const centres = numbers.map((number) => toUnit(domain, number)).sort((a, b) => a - b);
  // Each bell is as wide as the gap to its farther neighbour, within bounds that keep lone ones from being spikes.
  const narrowest = 1 / Math.min(100, centres.length + 1);
  const widths = centres.map((centre, i) => {
    const gap = Math.max(centre - (centres[i - 1] ?? 0), (centres[i + 1] ?? 1) - centre);
    return Math.min(1, Math.max(narrowest, gap));
  });
  const inside = centres.map((centre, i) => cumulative((1 - centre) / widths[i]!) - cumulative(-centre / widths[i]!));
  return {
    at(number) {
      const place = toUnit(domain, number);
      const bells = centres.reduce((sum, centre, i) => {
        const z = (place - centre) / widths[i]!;
        return sum + Math.exp(-0.5 * z * z) / (widths[i]! * Math.sqrt(2 * Math.PI) * inside[i]!);
      }, 0);
      return (bells + 1) / (centres.length + 1);
    },
    draw(rng) {
      const chosen = rng.integer(0, centres.length + 1);
      if (chosen === centres.length) return draw(domain, rng);
      for (;;) {
        const place = centres[chosen]! + widths[chosen]! * rng.normal([1]).data[0]!;
        if (place >= 0 && place <= 1) return fromUnit(domain, place);
      }
    },
  };
}

/** Φ(z) by the logistic approximation, which is enough to weigh bells cut off at the ends: error below 2 %. */
const cumulative = (z: number): number => 1 / (1 + Math.exp(-1.702 * z));
