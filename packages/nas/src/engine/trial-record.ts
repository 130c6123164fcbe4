/** A finished trial as plain data: a line of the journal. */

import type { Genotype } from "../space/candidate.ts";
import type { Measurements } from "./objectives.ts";

/** What a trial told on its way. More is better. */
export interface TrialReport {
  readonly step: number;
  readonly score: number;
}

export interface TrialRecord {
  readonly number: number;
  readonly genotype: Genotype;
  readonly key: string;
  readonly budget?: number;
  /** The trial it went on from. */
  readonly from?: number;
  /** That trial's state was not at hand: it began anew, and cost its whole budget. */
  readonly anew?: true;
  /** The trials whose candidates this one was made of. */
  readonly parents?: readonly number[];
  /** Null when it failed. */
  readonly measurements: Measurements | null;
  /** Why it failed, at its last attempt. */
  readonly error?: string;
  /** The step it was stopped at, for want of promise. */
  readonly stoppedAt?: number;
  /** What it reported, at its last attempt: stopping rules remember it when the search goes on. */
  readonly reports?: readonly TrialReport[];
  readonly attempts: number;
  readonly seconds: number;
  /** Seconds of the search when it was told, those before an interruption included. Journals of before have none. */
  readonly elapsed?: number;
}

/** What a journal begins with: a search goes on only where all of it is the same. */
export interface SearchIdentity {
  /** Every decision of the space. */
  readonly space: string;
  readonly strategy: string;
  readonly objectives: readonly string[];
  readonly seed: number;
  readonly workers: number;
}

/** Where finished trials are kept; `journalFile` of @dl/nas/node keeps them on disk. */
export interface Journal {
  /** The trials of earlier runs of this search. @throws DataError when they are of another. */
  open(identity: SearchIdentity): Promise<readonly TrialRecord[]>;
  /** Resolves when the record would survive a crash. */
  append(record: TrialRecord): Promise<void>;
}
