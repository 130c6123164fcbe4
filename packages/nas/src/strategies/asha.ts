/**
 * Asynchronous successive halving: a candidate goes up a rung as soon as it is among the best part of its own, and nobody waits.
 * Li et al. 2020, "A system for massively parallel hyperparameter tuning", arXiv:1810.05934, algorithm 2.
 */

import type { Rng } from "@dl/core";
import type { Space } from "../space/space.ts";
import { freshSamples } from "./fresh-samples.ts";
import { type Strategy, scoreOf, type Trial } from "./strategy.ts";
import { checkBudgets } from "./successive-halving.ts";

export interface AshaOptions {
  /** Budgets of the first and of the last rung, such as epochs. */
  readonly budgets: readonly [least: number, most: number];
  /** The best of so many goes up, to so many times the budget. Default 3. */
  readonly reduction?: number;
  readonly rng: Rng;
}

export function asha<T>(space: Space<T>, { budgets: [least, most], reduction = 3, rng }: AshaOptions): Strategy<T> {
  checkBudgets("asha", { least, most, reduction });
  const top = Math.floor(Math.log(most / least) / Math.log(reduction) + 1e-9);
  const budgetOf = (rung: number): number => (rung === top ? most : least * reduction ** rung);
  const rungs: Trial<T>[][] = Array.from({ length: top + 1 }, () => []);
  const risen = new Set<number>();
  const rungOf = new Map<number, number>();
  const draw = freshSamples(space, rng);

  /** A trial of the highest rung that has one among its best part that has not gone up yet. */
  const promotable = (): { readonly trial: Trial<T>; readonly rung: number } | undefined => {
    for (let rung = top - 1; rung >= 0; rung--) {
      const sorted = [...rungs[rung]!].sort((a, b) => scoreOf(b) - scoreOf(a));
      const trial = sorted
        .slice(0, Math.floor(sorted.length / reduction))
        .find(({ number, scores }) => scores !== null && !risen.has(number));
      if (trial) return { trial, rung };
    }
    return undefined;
  };

  return {
    name: "ASHA",
    ask(number) {
      const found = promotable();
      if (!found) {
        rungOf.set(number, 0);
        return { candidate: draw(), budget: budgetOf(0) };
      }
      const { trial, rung } = found;
      risen.add(trial.number);
      rungOf.set(number, rung + 1);
      return { candidate: trial.candidate, budget: budgetOf(rung + 1), from: trial.number };
    },
    tell(trial) {
      rungs[rungOf.get(trial.number) ?? 0]!.push(trial);
    },
  };
}
