/** What is searched, said once: a module that exports a `problem` and its `trial` is all that `dl search` and `dl worker` need. */

import type { Genotype } from "../space/candidate.ts";
import type { Space } from "../space/space.ts";
import type { Objectives } from "./objectives.ts";

/**
 * @example
 * // Both are exported by the module.
 * const problem: SearchProblem<{ width: number }> = {
 *   name: "widths",
 *   title: "How wide",
 *   space: record({ width: integer(1, 64) }),
 *   objectives: { accuracy: "maximize" },
 * };
 * const trial: TrialFactory<{ width: number }> = () => ({ value }) => ({ accuracy: 1 - 1 / value.width });
 */
export interface SearchProblem<T> {
  /** For folders and constants: words of lower-case letters and digits, joined by hyphens. */
  readonly name: string;
  /** For reports. */
  readonly title: string;
  readonly space: Space<T>;
  readonly objectives: Objectives;
  /** Least and most a trial may spend, such as epochs: what successive halving, Hyperband, ASHA and population-based training need. */
  readonly budgets?: readonly [least: number, most: number];
  /** What TPE and Bayesian optimisation try first, such as the settings set by hand. Default nothing. */
  readonly known?: readonly Genotype[];
  /** Given to `trial` by structured clone, or as JSON over a queue. */
  readonly input?: unknown;
}
