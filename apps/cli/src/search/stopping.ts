/** The stopping rules `dl search --stopping` knows. */

import { medianStopping, rungStopping, type SearchProblem, type StoppingRule } from "@dl/nas";
import { UsageError } from "../command.ts";

export const stoppingNames = ["none", "median", "rungs"] as const;
export type StoppingName = (typeof stoppingNames)[number];

/** Throws a UsageError for another name. */
export function stoppingNamed(name: string): StoppingName {
  const found = stoppingNames.find((known) => known === name);
  if (!found) throw new UsageError(`--stopping: expected ${stoppingNames.join(", ")}, got ${JSON.stringify(name)}.`);
  return found;
}

/** One in so many goes on, and so far apart are the rungs. */
const reduction = 3;
/** Of a problem without budgets: no trial reports more steps. */
const mostSteps = 1e6;

export function stoppingOf(
  name: StoppingName,
  { budgets: [least, most] = [1, mostSteps] }: SearchProblem<unknown>,
): StoppingRule | undefined {
  if (name === "none") return undefined;
  if (name === "median") return medianStopping();
  const rungs = [least];
  while (rungs.at(-1)! * reduction < most) rungs.push(rungs.at(-1)! * reduction);
  return rungStopping({ rungs, reduction });
}
