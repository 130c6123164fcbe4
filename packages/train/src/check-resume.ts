/** Whether a saved run and the one that wants to go on with it are the same. */

import { CheckpointError } from "@dl/core";
import type { FitSetup, FitState } from "./callback.ts";

const remedies = {
  examples: "Resume with the dataset of the interrupted run",
  batchSize: "Resume with the batch size of the interrupted run",
  dropLast: "Resume with the dropLast of the interrupted run",
  rng: "Resume with the seed of the interrupted run",
} as const satisfies Record<keyof FitSetup, string>;

/** @throws CheckpointError that names what differs. */
export function checkResume(
  state: FitState,
  { setup, optimizerStep, hasAverage }: { setup: FitSetup; optimizerStep: number; hasAverage: boolean },
): void {
  if (typeof state?.setup !== "object" || state.setup === null) {
    throw new CheckpointError("fit: expected resume.state to be what run.state() gave, got something else. Read it with resumeFrom.");
  }
  for (const key of ["examples", "batchSize", "dropLast", "rng"] as const) {
    const [saved, now] = [String(state.setup[key]), String(setup[key])];
    if (saved !== now) {
      throw new CheckpointError(
        `fit: expected ${key} ${saved}, as in the run to resume, got ${now}. ${remedies[key]}; to train its weights in another way, start a new run without resume.`,
      );
    }
  }
  if (state.optimizerStep !== optimizerStep) {
    throw new CheckpointError(
      `fit: expected an optimizer that has done ${state.optimizerStep} steps, as in the run to resume, got one at ${optimizerStep}. Load model and optimizer first: resumeFrom does.`,
    );
  }
  if ((state.averageStep !== null) !== hasAverage) {
    const [expected, got] = hasAverage ? ["no average", "one"] : ["an average", "none"];
    throw new CheckpointError(`fit: expected ${expected} of the weights, as in the run to resume, got ${got}.`);
  }
}
