/** A trial as it travels through the queue: plain data, both ways. */

import { createHash } from "node:crypto";
import type { Measurements } from "../engine/objectives.ts";

/** BullMQ's queue, where no other is named. */
export const defaultQueue = "dl-trials";

export interface TrialJob {
  /** The search that gave it out. */
  readonly run: string;
  /** What the search gave to `openTrialQueue`: a worker finds the code by it. */
  readonly about: unknown;
  readonly value: unknown;
  readonly number: number;
  readonly seed: number;
  /** Null where the task has none: JSON knows no undefined. */
  readonly budget: number | null;
  readonly from: number | null;
  readonly attempt: number;
}

/** Every report so far: a search that looks now and then misses none. */
export type TrialProgress = readonly { readonly step: number; readonly score: number }[];

/** How a trial ended. Errors of the candidate are results: the job itself fails only when its workers die. */
export type TrialOutcome = (
  | { readonly kind: "done"; readonly measurements: Measurements }
  | { readonly kind: "stopped"; readonly step: number; readonly score: number }
  | { readonly kind: "failed"; readonly message: string; readonly final: boolean }
) & {
  /** It could not go on from the trial that it was to go on from. */
  readonly anew?: true;
};

/**
 * Equal trials of one search have equal ids: one that was killed and goes on finds the jobs it gave out, finished or not, and none runs twice.
 * Those of other searches are others: their code may have been edited since, or their workers mended.
 */
export function jobId(job: TrialJob): string {
  return createHash("sha256").update(JSON.stringify(job)).digest("hex").slice(0, 32);
}

/** Where a search leaves word that a trial is to stop. */
export const stopKey = (queue: string, id: string): string => `dl:stop:${queue}:${id}`;
