/** Weight clipping, the first way to a Lipschitz critic. Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1. */

import { OptionError } from "@dl/core";
import type { Parameter } from "@dl/nn";

/**
 * Holds every weight between −limit and limit; inside `compute`, after each of the critic's steps.
 *
 * @param limit  Arjovsky et al. take 0.01.
 */
export function clipWeights(parameters: readonly Parameter[], limit: number): void {
  if (!(limit > 0 && limit < Infinity)) throw new OptionError(`clipWeights: expected a limit above 0, got ${limit}. The paper's is 0.01.`);
  for (const parameter of parameters) parameter.set(parameter.value.clip(-limit, limit));
}
