/** What a search strategy is: it is asked for candidates and told their results. */

import type { Candidate } from "../space/candidate.ts";

/** A candidate to be tried. */
export interface Proposal<T> {
  readonly candidate: Candidate<T>;
  /** How much to spend on it, in the unit the search counts in, such as epochs. Default: all there is. */
  readonly budget?: number;
  /** The trial whose state this one goes on from: the same candidate with less budget, or the parent it was copied from. */
  readonly from?: number;
  /** The trials whose candidates this one was made of: one that mutated, two that were crossed. Default none: it was drawn. */
  readonly parents?: readonly number[];
}

/** A proposal that was tried. */
export interface Trial<T> extends Proposal<T> {
  /** Counted from 0 in the order of proposals. */
  readonly number: number;
  /** One for each objective, to be maximised; null when the trial failed. */
  readonly scores: readonly number[] | null;
}

/**
 * Chooses what to try next. It sees nothing but its own rng and what it is told, in order: asking and telling the same again after a restart
 * leads to the same place, which is how a search is resumed.
 */
export interface Strategy<T> {
  readonly name: string;
  /** The next to try under that number; `wait` while it needs results that are still to come; undefined when it has nothing more. */
  ask(number: number): Proposal<T> | "wait" | undefined;
  tell(trial: Trial<T>): void;
}

/** The first score; −∞ for a failed trial. */
export function scoreOf<T>({ scores }: Trial<T>): number {
  return scores?.[0] ?? Number.NEGATIVE_INFINITY;
}
