/** Candidates of a space: drawing, changing, crossing, listing and encoding them, all by their decisions. */

import { OptionError, type Rng } from "@dl/core";
import { besides, type Decide, type Domain, draw, isInDomain, type Numbers, numbersOf, redraw, toUnit } from "./decision.ts";
import type { Space } from "./space.ts";

/** The decisions of one candidate by their paths. */
export type Genotype = Readonly<Record<string, number>>;

/** One point of a space. */
export interface Candidate<T> {
  readonly value: T;
  readonly genotype: Genotype;
  /** The same for candidates that mean the same. */
  readonly key: string;
}

/** The candidate that the answers of `decide` make. */
export function express<T>(space: Space<T>, decide: Decide): Candidate<T> {
  const genotype: Record<string, number> = {};
  const value = space.express((path, domain) => {
    const number = decide(path, domain);
    if (!isInDomain(domain, number)) {
      throw new OptionError(`express: expected a number of ${describe(domain)} at ${path || "the top"}, got ${number}.`);
    }
    // Such as oneOf's own decision "kind" and a branch of that name: one answer would stand for both.
    if (Object.hasOwn(genotype, path)) {
      throw new OptionError(`express: expected every decision to have a path of its own, got two at ${path || "the top"}. Rename one.`);
    }
    genotype[path] = number;
    return number;
  }, "");
  return { value, genotype, key: space.canonical(value) };
}

/** The candidate of a genotype that is whole. @throws OptionError when the space asks for something it lacks: it is of another space. */
export function ofGenotype<T>(space: Space<T>, genotype: Genotype): Candidate<T> {
  const candidate = express(space, (path) => {
    if (!Object.hasOwn(genotype, path)) {
      throw new OptionError(`ofGenotype: expected a decision at ${path || "the top"}, got none. Is it of another space?`);
    }
    return genotype[path]!;
  });
  const extra = Object.keys(genotype).find((path) => !Object.hasOwn(candidate.genotype, path));
  if (extra !== undefined) throw new OptionError(`ofGenotype: expected no decision at ${extra}, got one. Is it of another space?`);
  return candidate;
}

/** A random candidate: every decision drawn on its own. */
export function sample<T>(space: Space<T>, rng: Rng): Candidate<T> {
  return express(space, (_, domain) => draw(domain, rng));
}

/** Tries at a mutant or a child that differs from its parents by more than its looks. */
const tries = 32;

/** One decision changed, and new ones drawn where the change calls for them. The parent again only where the space has nothing else near. */
export function mutate<T>(space: Space<T>, parent: Candidate<T>, rng: Rng): Candidate<T> {
  const paths = Object.keys(parent.genotype);
  let mutant = parent;
  for (let i = 0; i < tries && mutant.key === parent.key && paths.length > 0; i++) {
    const changed = rng.pick(paths);
    mutant = express(space, (path, domain) => {
      const before = parent.genotype[path];
      if (before === undefined || !isInDomain(domain, before)) return draw(domain, rng);
      return path === changed ? redraw(domain, before, rng) : before;
    });
  }
  return mutant;
}

/** Each decision from either parent, evenly; from the one that has it where only one has. Syswerda 1989, "Uniform crossover in genetic algorithms". */
export function crossover<T>(space: Space<T>, [mother, father]: readonly [Candidate<T>, Candidate<T>], rng: Rng): Candidate<T> {
  return express(space, (path, domain) => {
    const numbers = [mother, father]
      .map(({ genotype }) => genotype[path])
      .filter((number) => number !== undefined && isInDomain(domain, number));
    return numbers.length === 0 ? draw(domain, rng) : (rng.pick(numbers) as number);
  });
}

/** Every candidate one decision away, each once; decisions that a change calls for take their first number. */
export function* neighbours<T>(space: Space<T>, candidate: Candidate<T>): Generator<Candidate<T>> {
  const seen = new Set([candidate.key]);
  const domains = new Map<string, Domain>();
  space.express((path, domain) => {
    domains.set(path, domain);
    return candidate.genotype[path]!;
  }, "");
  for (const [changed, domain] of domains) {
    for (const number of besides(domain, candidate.genotype[changed]!)) {
      const neighbour = express(space, (path, domain) => {
        if (path === changed) return number;
        const before = candidate.genotype[path];
        return before !== undefined && isInDomain(domain, before) ? before : firstOf(domain);
      });
      if (seen.has(neighbour.key)) continue;
      seen.add(neighbour.key);
      yield neighbour;
    }
  }
}

/**
 * Every genotype, in order; candidates that mean the same come more than once. Real ranges are cut into `points`.
 *
 * @throws OptionError when a decision is a real number and no `points` are given.
 */
export function* enumerate<T>(space: Space<T>, { points }: { points?: number } = {}): Generator<Candidate<T>> {
  // The decisions on the way to the last candidate, with those still to come at each.
  let steps: { readonly numbers: Numbers; at: number }[] = [];
  do {
    let depth = 0;
    yield express(space, (path, domain) => {
      const step = steps[depth] ?? { numbers: numbersOf(domain, path, { points }), at: 0 };
      steps[depth++] = step;
      return step.numbers.at(step.at);
    });
    steps = steps.slice(0, depth);
    while (steps.length > 0 && steps.at(-1)!.at === steps.at(-1)!.numbers.length - 1) steps.pop();
    if (steps.length > 0) steps.at(-1)!.at++;
  } while (steps.length > 0);
}

/**
 * A vector of fixed length for models of a space: choices one-hot, ranges as their place from 0 to 1 and a 1 for being there; zeros for
 * decisions the candidate does not have.
 */
export function encode<T>(space: Space<T>, { genotype }: Candidate<T>): Float64Array {
  const decisions = space.decisions("");
  const vector: number[] = [];
  for (const { path, domain } of decisions) {
    const number = genotype[path];
    if (domain.kind === "choice") for (let i = 0; i < domain.count; i++) vector.push(number === i ? 1 : 0);
    else vector.push(number === undefined ? 0 : toUnit(domain, number), number === undefined ? 0 : 1);
  }
  return Float64Array.from(vector);
}

const firstOf = (domain: Domain): number => (domain.kind === "choice" ? 0 : domain.low);

function describe(domain: Domain): string {
  return domain.kind === "choice" ? `0 to ${domain.count - 1}` : `${domain.kind} ${domain.low} to ${domain.high}`;
}
