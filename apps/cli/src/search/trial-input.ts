/** What the trials of a recipe are told beside the candidate: the run around it. */

import type { Preset } from "../recipes/recipe.ts";
import type { TaskPreset } from "../recipes/task-recipe.ts";
import type { RunSettings } from "../run.ts";
import type { TrialStates } from "./trial-state.ts";

export interface TrainingTrialInput extends TrialStates {
  readonly recipe: string;
  readonly preset: string;
  readonly seed: number;
  /** Of a trial without a budget, and the length of every trial's schedule. */
  readonly epochs: number;
  readonly limit: number | null;
  /** Measured beside accuracy. */
  readonly costs: readonly string[];
  readonly backend: string;
  readonly threads: number;
}

export function runSettings({ seed, epochs, limit, backend, threads }: TrainingTrialInput, { defaults }: TaskPreset | Preset): RunSettings {
  return { ...defaults, epochs, seed, limit, backend, threads };
}

/** Hyperband's budgets are parts of the longest one. */
export const wholeEpochs = (budget: number): number => Math.max(1, Math.round(budget));
