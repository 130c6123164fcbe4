/**
 * A search space: how a value is built from decisions.
 *
 * A space asks for its decisions one after the other while it builds a value, and what it asks may depend on earlier answers: conditions need
 * nothing else, and no invalid combination can be written down. All else (sampling, mutation, crossover, encoding, enumeration) works on the
 * decisions and is written once. The idea of define-by-run: Akiba et al. 2019, "Optuna", arXiv:1907.10902.
 */

import type { Decide, Decision } from "./decision.ts";

export interface Space<T> {
  /** Distinct values, isomorphic ones counted apart; `Infinity` with a range of real numbers. */
  readonly size: number;
  /** Builds the value the answers of `decide` describe; decisions are named from `path` on. */
  express(decide: Decide, path: string): T;
  /** Every decision that may be asked for, in order, whatever the others are. */
  decisions(path: string): readonly Decision[];
  /** Text that is the same for values that mean the same. */
  canonical(value: T): string;
}

/** The values of a space. */
export type ValueOf<S> = S extends Space<infer T> ? T : never;

/** `a.b`, or `b` at the top. */
export function join(path: string, name: string | number): string {
  return path === "" ? String(name) : `${path}.${name}`;
}
