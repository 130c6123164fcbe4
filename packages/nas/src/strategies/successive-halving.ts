/**
 * Successive halving and Hyperband: many candidates with a small budget, and the better part of them with more, again and again.
 * Jamieson and Talwalkar 2016, arXiv:1502.07943; Li et al. 2018, "Hyperband", arXiv:1603.06560, algorithm 1.
 */

import { OptionError, type Rng } from "@dl/core";
import type { Space } from "../space/space.ts";
import { freshSamples } from "./fresh-samples.ts";
import { type Proposal, type Strategy, scoreOf, type Trial } from "./strategy.ts";

export interface SuccessiveHalvingOptions {
  /** Candidates of the first rung. */
  readonly candidates: number;
  /** Budgets of the first and of the last rung, such as epochs. */
  readonly budgets: readonly [least: number, most: number];
  /** One in so many goes on to the next rung, with so many times the budget. Default 3. */
  readonly reduction?: number;
  readonly rng: Rng;
}

export interface HyperbandOptions extends Omit<SuccessiveHalvingOptions, "candidates"> {
  /** Rounds of all brackets. Default 1. */
  readonly rounds?: number;
}

/** Candidates and the budget of one rung. */
interface Rung {
  readonly count: number;
  readonly budget: number;
}

/** One bracket. */
export function successiveHalving<T>(
  space: Space<T>,
  { candidates, budgets: [least, most], reduction = 3, rng }: SuccessiveHalvingOptions,
): Strategy<T> {
  checkBudgets("successiveHalving", { least, most, reduction });
  if (!(Number.isInteger(candidates) && candidates >= 1)) {
    throw new OptionError(`successiveHalving: expected at least one candidate, got ${candidates}.`);
  }
  const rungs = Math.floor(Math.log(most / least) / Math.log(reduction) + 1e-9) + 1;
  const bracket = Array.from({ length: rungs }, (_, i) => ({
    count: Math.max(1, Math.floor(candidates / reduction ** i)),
    budget: i === rungs - 1 ? most : least * reduction ** i,
  }));
  return brackets(space, { name: "successive halving", plan: [bracket], rng });
}

/**
 * Brackets from many candidates with little budget each to few with all of it: no need to know which is right.
 *
 * Budgets are the last, and that over the reduction, and over its square, …, down to the first: whole numbers for 1 and 9, or 1 and 27, but
 * 10/9, 10/3 and 10 for 1 and 10.
 */
export function hyperband<T>(space: Space<T>, { budgets: [least, most], reduction = 3, rounds = 1, rng }: HyperbandOptions): Strategy<T> {
  checkBudgets("hyperband", { least, most, reduction });
  const last = Math.floor(Math.log(most / least) / Math.log(reduction) + 1e-9);
  const round = Array.from({ length: last + 1 }, (_, i): Rung[] => {
    const s = last - i;
    const first = Math.ceil(((last + 1) / (s + 1)) * reduction ** s);
    return Array.from({ length: s + 1 }, (_, rung) => ({
      count: Math.max(1, Math.floor(first / reduction ** rung)),
      budget: most * reduction ** (rung - s),
    }));
  });
  return brackets(space, { name: "Hyperband", plan: Array.from({ length: rounds }, () => round).flat(), rng });
}

/** Works through brackets of rungs, one after the other; a rung begins when all of the one below are told. */
function brackets<T>(space: Space<T>, { name, plan, rng }: { name: string; plan: readonly (readonly Rung[])[]; rng: Rng }): Strategy<T> {
  const work = plan.flatMap((bracket) => bracket.map((rung, i) => ({ ...rung, isFirst: i === 0 })));
  const draw = freshSamples(space, rng);
  let place = -1;
  let queue: Proposal<T>[] = [];
  let waiting = 0;
  let told: Trial<T>[] = [];
  return {
    name,
    ask() {
      // A rung that nobody reached is left out.
      while (queue.length === 0) {
        if (waiting > 0) return "wait";
        const rung = work[++place];
        if (!rung) return undefined;
        const { budget, count, isFirst } = rung;
        // A failed trial has no state to go on from, and its candidate would fail again.
        const survivors = told
          .filter(({ scores }) => scores !== null)
          .sort((a, b) => scoreOf(b) - scoreOf(a))
          .slice(0, count);
        queue = isFirst
          ? Array.from({ length: count }, (): Proposal<T> => ({ candidate: draw(), budget }))
          : survivors.map(({ candidate, number }): Proposal<T> => ({ candidate, budget, from: number }));
        told = [];
      }
      waiting++;
      return queue.shift();
    },
    tell(trial) {
      waiting--;
      told.push(trial);
    },
  };
}

export function checkBudgets(where: string, { least, most, reduction }: { least: number; most: number; reduction: number }): void {
  if (!(least > 0 && most >= least && reduction > 1)) {
    throw new OptionError(`${where}: expected budgets 0 < least ≤ most and a reduction above 1, got ${least}, ${most} and ${reduction}.`);
  }
}
