/** One trial: run, and run again where it fails. */

import { Rng } from "@dl/core";
import type { Proposal } from "../strategies/strategy.ts";
import { type Evaluate, TrialFailed, TrialStopped } from "./evaluate.ts";
import { type Measurements, type Objectives, scoresOf } from "./objectives.ts";
import type { StoppingRule } from "./stopping.ts";
import type { TrialRecord, TrialReport } from "./trial-record.ts";

/** A trial's outcome, or what kept it from having one. */
export type Outcome = Omit<TrialRecord, "number" | "genotype" | "key" | "parents" | "elapsed"> | "aborted";

export interface AttemptOptions<T> {
  readonly number: number;
  /** The trial that has the state of the one proposed to go on from. */
  readonly from: number | undefined;
  readonly evaluate: Evaluate<T>;
  readonly objectives: Objectives;
  readonly seed: number;
  readonly retries: number;
  readonly stopping: StoppingRule | undefined;
  readonly signal: AbortSignal;
}

/** Never rejects: what goes wrong is the outcome. */
export async function attempt<T>(
  { candidate, budget, from: proposed }: Proposal<T>,
  { number, from, evaluate, objectives, seed, retries, stopping, signal }: AttemptOptions<T>,
): Promise<Outcome> {
  const start = performance.now();
  let anew = false;
  let reports: TrialReport[] = [];
  /** What every outcome has. */
  const shape = (attempts: number) => ({
    ...(budget !== undefined && { budget }),
    ...(proposed !== undefined && { from: proposed }),
    ...(anew && { anew: true as const }),
    ...(reports.length > 0 && { reports }),
    attempts,
    seconds: (performance.now() - start) / 1000,
  });
  const [main] = Object.entries(objectives)[0]!;
  const task = {
    value: candidate.value,
    number,
    seed: new Rng(seed).fork(`trial ${candidate.key} ${budget ?? ""}`).integer(0, 2 ** 31),
    budget,
    from,
    signal,
    beginAnew: (): void => {
      anew = from !== undefined;
    },
    report: async (step: number, score: number): Promise<void> => {
      // What is null came through JSON.
      if (!(Number.isFinite(step) && Number.isFinite(score))) {
        throw new TrialFailed(
          `trial ${number}: expected a report of a step and a score that are finite numbers, got ${step} and ${score}.`,
        );
      }
      reports.push({ step, score });
      if (stopping?.goesOn(number, { step, score }) === false) throw new TrialStopped({ step, score });
    },
  };
  let error = "";
  for (let attempts = 1; attempts <= retries + 1; attempts++) {
    if (attempts > 1) {
      stopping?.forget?.(number);
      anew = false;
      reports = [];
    }
    try {
      const measurements: Measurements = await evaluate({ ...task, attempt: attempts });
      scoresOf(objectives, measurements);
      return { ...shape(attempts), measurements };
    } catch (thrown) {
      if (signal.aborted) return "aborted";
      if (thrown instanceof TrialStopped) {
        // Its last report stands for the main objective; the others were not measured.
        const { step, score } = thrown;
        const single = Object.keys(objectives).length === 1;
        const measurements = single ? { [main]: objectives[main] === "minimize" ? -score : score } : null;
        return { ...shape(attempts), measurements, stoppedAt: step, ...(!single && { error: thrown.message }) };
      }
      error = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
      if (thrown instanceof TrialFailed) return { ...shape(attempts), measurements: null, error };
    }
  }
  return { ...shape(retries + 1), measurements: null, error };
}
