/**
 * Tree-structured Parzen estimators: a density of the good trials and one of the others; the next candidate is where their ratio is largest.
 * Bergstra et al. 2011, "Algorithms for hyper-parameter optimization". The densities are over all decisions together, as Falkner et al. 2018,
 * "BOHB", arXiv:1807.01774, section 3.2, have them: decisions that are good only with each other stay together. Settings after Watanabe 2023,
 * arXiv:2304.11127.
 */

import { OptionError, type Rng } from "@dl/core";
import { type Candidate, express, type Genotype, sample } from "../space/candidate.ts";
import { type Domain, domainSize, draw, fromUnit, isInDomain, toUnit } from "../space/decision.ts";
import type { Space } from "../space/space.ts";
import { type Strategy, scoreOf, type Trial } from "./strategy.ts";

export interface TreeParzenEstimatorOptions<T> {
  /** Trials before the first estimate: those of `known`, then random ones. Default 10. */
  readonly startup?: number;
  /** Tried first, such as what was set by hand. Default none. */
  readonly known?: readonly Candidate<T>[];
  /** Share of the trials that are good, of those that succeeded. Default 0.15, at least 2 trials and at most 25. */
  readonly goodShare?: number;
  /** Candidates drawn from the density of the good, whose best is taken. Default 24. */
  readonly draws?: number;
  readonly rng: Rng;
}

/** The probability that a choice is another than the one of the trial it is drawn around. */
const change = 0.2;
/** Bells are as wide as this, in standard deviations of the trials over n^(1 / (4 + decisions)). Scott 1992. */
const bell = 1.06;

export function treeParzenEstimator<T>(
  space: Space<T>,
  { startup = 10, known = [], goodShare = 0.15, draws = 24, rng }: TreeParzenEstimatorOptions<T>,
): Strategy<T> {
  if (!(startup >= 2 && goodShare > 0 && goodShare < 1 && draws >= 1)) {
    throw new OptionError(
      `treeParzenEstimator: expected startup ≥ 2, 0 < goodShare < 1 and draws ≥ 1, got ${startup}, ${goodShare} and ${draws}.`,
    );
  }
  // By key: one that came again must not weigh twice.
  const told = new Map<string, Trial<T>>();
  return {
    name: "TPE",
    ask(number) {
      if (number < known.length) return { candidate: known[number]! };
      if (told.size < startup) return { candidate: sample(space, rng) };
      const trials = [...told.values()].sort((a, b) => scoreOf(b) - scoreOf(a));
      const sorted = trials.map(({ candidate }) => candidate.genotype);
      // A failed trial is never good, however few succeeded.
      const succeeded = trials.filter(({ scores }) => scores !== null).length;
      const count = Math.min(succeeded, Math.max(2, Math.min(25, Math.ceil(goodShare * sorted.length))));
      const [good, rest] = [density(sorted.slice(0, count)), density(sorted.slice(count))];
      let next: Candidate<T> | undefined;
      let most = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < draws; i++) {
        const domains = new Map<string, Domain>();
        const centre = good.centre(rng);
        const candidate = express(space, (path, domain) => {
          domains.set(path, domain);
          return good.draw({ path, domain, centre }, rng);
        });
        if (told.has(candidate.key)) continue;
        const gain = good.at(candidate.genotype, domains) - rest.at(candidate.genotype, domains);
        if (gain > most) [next, most] = [candidate, gain];
      }
      // Where all that is likely is known, the estimate says nothing new: then chance does.
      return { candidate: next ?? sample(space, rng) };
    },
    tell(trial) {
      told.set(trial.candidate.key, trial);
    },
  };
}

interface Density {
  /** A trial to draw around; undefined for none, as often as each of the trials: the prior. */
  centre(rng: Rng): Genotype | undefined;
  draw(place: { path: string; domain: Domain; centre: Genotype | undefined }, rng: Rng): number;
  /** The logarithm of the density. */
  at(genotype: Genotype, domains: ReadonlyMap<string, Domain>): number;
}

/** A kernel around each trial, and the prior, all with equal shares. */
function density(trials: readonly Genotype[]): Density {
  const widths = new Map<string, number>();
  const numberIn = (trial: Genotype | undefined, path: string, domain: Domain): number | undefined => {
    const number = trial?.[path];
    return number !== undefined && isInDomain(domain, number) ? number : undefined;
  };
  const widthOf = (path: string, domain: Domain, decisions: number): number => {
    const known = widths.get(path);
    if (known !== undefined) return known;
    const places = trials.flatMap((trial) => {
      const number = numberIn(trial, path, domain);
      return number === undefined ? [] : [toUnit(domain, number)];
    });
    const mean = places.reduce((a, b) => a + b, 0) / places.length;
    const spread = Math.sqrt(places.reduce((sum, place) => sum + (place - mean) ** 2, 0) / places.length);
    // Lone trials are no spikes, and a whole number reaches its neighbours.
    const narrowest = Math.max(1 / Math.min(100, places.length + 1), domain.kind === "integer" ? 1 / domainSize(domain) : 0);
    const width = Math.max(narrowest, bell * spread * places.length ** (-1 / (4 + decisions)));
    widths.set(path, width);
    return width;
  };
  /** Relative to the prior, whose density is 1 everywhere. */
  const kernel = (number: number, { from, domain, width }: { from: number; domain: Domain; width: () => number }): number => {
    if (domain.kind === "choice") {
      if (domain.count === 1) return 1;
      return domain.count * (number === from ? 1 - change : change / (domain.count - 1));
    }
    if (domainSize(domain) === 1) return 1;
    const [centre, spread] = [toUnit(domain, from), width()];
    const z = (toUnit(domain, number) - centre) / spread;
    const inside = cumulative((1 - centre) / spread) - cumulative(-centre / spread);
    return Math.exp(-0.5 * z * z) / (spread * Math.sqrt(2 * Math.PI) * inside);
  };
  return {
    centre: (rng) => trials[rng.integer(0, trials.length + 1)],
    draw({ path, domain, centre }, rng) {
      const from = numberIn(centre, path, domain);
      if (from === undefined || domainSize(domain) === 1) return draw(domain, rng);
      if (domain.kind === "choice") {
        if (rng.float() >= change) return from;
        const other = rng.integer(0, domain.count - 1);
        return other >= from ? other + 1 : other;
      }
      const width = widthOf(path, domain, Object.keys(centre!).length);
      for (;;) {
        const place = toUnit(domain, from) + width * rng.normal([1]).data[0]!;
        if (place >= 0 && place <= 1) return fromUnit(domain, place);
      }
    },
    at(genotype, domains) {
      const entries = Object.entries(genotype);
      const sum = trials.reduce((total, trial) => {
        let product = 1;
        for (const [path, number] of entries) {
          const domain = domains.get(path)!;
          const from = numberIn(trial, path, domain);
          // A trial without this decision says nothing of it.
          if (from !== undefined) product *= kernel(number, { from, domain, width: () => widthOf(path, domain, entries.length) });
        }
        return total + product;
      }, 1);
      return Math.log(sum / (trials.length + 1));
    },
  };
}

/** Φ(z) by the logistic approximation, which is enough to weigh bells cut off at the ends: error below 2 %. */
const cumulative = (z: number): number => 1 / (1 + Math.exp(-1.702 * z));
