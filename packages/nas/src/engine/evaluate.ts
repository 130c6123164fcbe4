/** What trying a candidate means: the user's function, and what it is given. */

import { DlError } from "@dl/core";
import type { Measurements } from "./objectives.ts";

/** What a trial is to do. */
export interface TrialTask<T> {
  readonly value: T;
  readonly number: number;
  /** For the trial's randomness, `new Rng(seed)`: the same for the same candidate and budget. */
  readonly seed: number;
  /** How much to spend, in the unit of the search, such as epochs; undefined: all there is. */
  readonly budget: number | undefined;
  /** The number of the trial to go on from; the trial's own folder or map finds its state. Where there is none, `beginAnew`, or throw. */
  readonly from: number | undefined;
  /** 1 at first, 2 after a failure, … */
  readonly attempt: number;
  /** Aborted when the search ends early. */
  readonly signal: AbortSignal;
  /** Says that nothing was taken over from the trial `from`: this one costs its whole budget, not the difference. */
  beginAnew(): void;
  /**
   * Tells how the trial stands; await it: it rejects with `TrialStopped` when the trial has no promise, and with `TrialFailed` for a score that
   * is no finite number. More is better, whatever the objective: of a loss report `-loss`.
   */
  report(step: number, score: number): Promise<void>;
}

/** Trains and measures one candidate. */
export type Evaluate<T> = (task: TrialTask<T>) => Measurements | Promise<Measurements>;

/** A failure of the candidate itself, such as a loss that is no number: throw it, and the trial is recorded as failed without another attempt. */
export class TrialFailed extends DlError {}

/** Thrown by `report` in a trial that is to stop: let it pass, after cleaning up. */
export class TrialStopped extends DlError {
  readonly step: number;
  readonly score: number;

  constructor({ step, score }: { step: number; score: number }) {
    super(`report: the trial is stopped at step ${step} with ${score}: others did better by then.`);
    this.step = step;
    this.score = score;
  }
}
