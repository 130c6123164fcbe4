/**
 * The engine: asks a strategy, tries what it proposes, several at once, remembers, and tells.
 *
 * Results are told in the order of the proposals, each just before the proposal `workers` later: a search is the same from run to run for one
 * seed and number of workers, however long the trials take. A search that is resumed asks and tells what the journal holds again, which brings
 * the strategy to where it was.
 */

import { OptionError } from "@dl/core";
import { type Candidate, ofGenotype } from "../space/candidate.ts";
import type { Space } from "../space/space.ts";
import type { Proposal, Strategy } from "../strategies/strategy.ts";
import { attempt, type Outcome } from "./attempt.ts";
import type { Evaluate } from "./evaluate.ts";
import { checkObjectives, type Objectives, scoresOf } from "./objectives.ts";
import type { StoppingRule } from "./stopping.ts";
import type { Journal, TrialRecord } from "./trial-record.ts";

/** When a search ends; the first that is reached counts. */
export interface SearchLimits {
  /** Trials that were run, not counting those remembered. */
  readonly trials?: number;
  /** Those before an interruption, as far as the journal holds them, included. */
  readonly seconds?: number;
  /** The sum of what the trials' budgets cost; a trial that goes on from another costs the difference, unless it said that it began anew. */
  readonly budget?: number;
}

export interface SearchOptions<T> {
  readonly strategy: Strategy<T>;
  readonly evaluate: Evaluate<T>;
  readonly objectives: Objectives;
  readonly limits: SearchLimits;
  /** Seeds the trials. Default 0. */
  readonly seed?: number;
  /** Trials at once. Default 1. */
  readonly workers?: number;
  /** A trial that throws is tried so often again, then recorded as failed. Default 1. */
  readonly retries?: number;
  /** Default none: nothing survives. */
  readonly journal?: Journal;
  /** Default none. With several workers, which trials it stops depends on their timing. */
  readonly stopping?: StoppingRule;
  /** Called after each trial. */
  readonly onTrial?: (trial: FinishedTrial<T>) => void;
  /** Ends the search; trials under way are aborted and not recorded. */
  readonly signal?: AbortSignal;
}

export interface FinishedTrial<T> extends TrialRecord {
  readonly candidate: Candidate<T>;
  /** One for each objective, more is better; null when it failed. */
  readonly scores: readonly number[] | null;
  /** Known from an earlier trial of the same candidate. */
  readonly remembered: boolean;
  /** The trials it descends from, where the strategy breeds; none for one that was drawn. */
  readonly parents: readonly number[];
}

export interface SearchResult<T> {
  /** The best by the first objective, among those with the largest budget. Undefined when the search was interrupted before a trial succeeded. */
  readonly best: FinishedTrial<T> | undefined;
  /** In order of their numbers. */
  readonly trials: readonly FinishedTrial<T>[];
  readonly reason: "limit" | "exhausted" | "interrupted";
}

/** A strategy that proposes only what is known so often has nothing new to say. */
const mostRemembered = 1000;
/** When so many trials have all failed, the fault is the function's, not the candidates'. */
const allFailed = 10;

/** A proposal that was given a number. */
interface Asked<T> {
  readonly proposal: Proposal<T>;
  /** The trial whose state it goes on from. */
  readonly from: number | undefined;
  readonly outcome: Promise<Outcome>;
  readonly remembered: boolean;
}

/** @throws OptionError with the last trial's error when the first ten, or all, failed. */
export async function search<T>(space: Space<T>, options: SearchOptions<T>): Promise<SearchResult<T>> {
  const { strategy, evaluate, objectives, limits, seed = 0, workers = 1, retries = 1, journal, stopping, onTrial } = options;
  const { signal = new AbortController().signal } = options;
  checkObjectives(objectives);
  checkLimits(limits, workers);
  const identity = {
    space: JSON.stringify(space.decisions("")),
    strategy: strategy.name,
    objectives: Object.entries(objectives).map(([name, direction]) => `${direction} ${name}`),
    seed,
    workers,
  };
  const records = (await journal?.open(identity)) ?? [];
  const recorded = new Map(records.map((record) => [record.number, record]));
  const lastRecorded = records.reduce((last, { number }) => Math.max(last, number), -1);
  const before = secondsOf(records, workers);
  /** What was tried, and the trial that did. */
  const tried = new Map<string, { readonly number: number; readonly outcome: Promise<Outcome> }>();
  /** By trial: the one that ran, which is another for what is remembered. */
  const ran = new Map<number, number>();
  const spent = new Map<number, number>();
  const trials: FinishedTrial<T>[] = [];
  const asked: Asked<T>[] = [];
  const start = performance.now();
  let run = 0;
  let cost = 0;
  let rememberedInRow = 0;
  let reason: SearchResult<T>["reason"] = "limit";

  const elapsed = (): number => before + (performance.now() - start) / 1000;
  const isOver = (): boolean =>
    run >= (limits.trials ?? Number.POSITIVE_INFINITY) ||
    cost >= (limits.budget ?? Number.POSITIVE_INFINITY) ||
    // What the journal holds is told whatever the time.
    (asked.length > lastRecorded && elapsed() >= (limits.seconds ?? Number.POSITIVE_INFINITY));

  /** Tells the next result in order; false when it was aborted. */
  const tellNext = async (): Promise<boolean> => {
    const number = trials.length;
    const { proposal, from, outcome, remembered } = asked[number]!;
    const result = await outcome;
    if (result === "aborted") return false;
    const { candidate, parents } = proposal;
    const scores = result.measurements && scoresOf(objectives, result.measurements);
    const past = recorded.get(number);
    const record: TrialRecord = {
      ...result,
      ...{ number, genotype: candidate.genotype, key: candidate.key },
      ...(parents && { parents }),
      ...(past ? past.elapsed !== undefined && { elapsed: past.elapsed } : { elapsed: elapsed() }),
    };
    if (!remembered && result.anew) cost += spent.get(from!) ?? 0;
    if (!remembered && !past) await journal?.append(record);
    const trial: FinishedTrial<T> = { ...record, candidate, scores, remembered, parents: proposal.parents ?? [] };
    trials.push(trial);
    strategy.tell({ ...proposal, number, scores });
    onTrial?.(trial);
    if (trials.length === allFailed) requireSuccess(trials);
    return true;
  };

  try {
    asking: while (!signal.aborted) {
      while (asked.length - trials.length >= workers) if (!(await tellNext())) break asking;
      // After what was told: a trial may have cost more than it seemed.
      if (isOver()) break;
      let proposal = strategy.ask(asked.length);
      while (proposal === "wait") {
        if (trials.length === asked.length) throw new OptionError(`search: expected ${strategy.name} to propose, got a wait for nothing.`);
        if (!(await tellNext()) || isOver()) break asking;
        proposal = strategy.ask(asked.length);
      }
      if (proposal === undefined) {
        reason = "exhausted";
        break;
      }
      requireMember(space, proposal.candidate, strategy);
      const number = asked.length;
      const { candidate, budget } = proposal;
      // What is remembered left no state of its own: the trial that ran did.
      const from = proposal.from === undefined ? undefined : (ran.get(proposal.from) ?? proposal.from);
      const place = `${candidate.key} ${budget ?? ""} ${from ?? ""}`;
      const record = recorded.get(number);
      // What the journal holds was run, whatever is known today.
      const known = record ? undefined : tried.get(place);
      if (known && ++rememberedInRow >= mostRemembered) {
        reason = "exhausted";
        break;
      }
      ran.set(number, known?.number ?? number);
      if (!known) {
        rememberedInRow = 0;
        run++;
        spent.set(number, budget ?? 1);
        cost += (budget ?? 1) - (from === undefined ? 0 : (spent.get(from) ?? 0));
      }
      const outcome =
        known?.outcome ??
        (record
          ? replayed(record, { space, proposal, stopping })
          : attempt(proposal, { number, from, evaluate, objectives, seed, retries, stopping, signal }));
      if (!tried.has(place)) tried.set(place, { number, outcome });
      outcome.catch(() => {});
      asked.push({ proposal, from, outcome, remembered: known !== undefined });
    }
    while (trials.length < asked.length && (await tellNext()));
  } finally {
    // Nothing is left running, whatever happened.
    await Promise.allSettled(asked.map(({ outcome }) => outcome));
  }
  if (signal.aborted) reason = "interrupted";
  else requireSuccess(trials);
  return { best: bestOf(trials), trials, reason };
}

/** @throws OptionError when the strategy proposes what the space does not hold. */
function requireMember<T>(space: Space<T>, candidate: Candidate<T>, strategy: Strategy<T>): void {
  if (isMember(space, candidate)) return;
  throw new OptionError(
    `search: expected ${strategy.name} to propose candidates of the space that is searched, got ${candidate.key}. Make the strategy of the same space.`,
  );
}

function isMember<T>(space: Space<T>, { genotype, key }: Candidate<T>): boolean {
  try {
    return ofGenotype(space, genotype).key === key;
  } catch (error) {
    if (error instanceof OptionError) return false;
    throw error;
  }
}

/** @throws OptionError with the last trial's error when there are trials and all failed. */
function requireSuccess<T>(trials: readonly FinishedTrial<T>[]): void {
  const last = trials.at(-1);
  if (last && trials.every(({ measurements }) => measurements === null)) {
    throw new OptionError(`search: expected some trial to succeed, got ${trials.length} failures, the last with: ${last.error}`);
  }
}

/** The recorded outcome, if the strategy proposes what it did then; a stopping rule sees its reports again. */
function replayed<T>(
  record: TrialRecord,
  { space, proposal, stopping }: { space: Space<T>; proposal: Proposal<T>; stopping: StoppingRule | undefined },
): Promise<Outcome> {
  const { number, genotype, key: _key, parents: _parents, elapsed: _elapsed, ...outcome } = record;
  const { key } = ofGenotype(space, genotype);
  const { candidate, budget, from } = proposal;
  if (key !== candidate.key || record.budget !== budget || record.from !== from) {
    throw new OptionError(
      `search: expected trial ${number} to be what the journal holds, ${key}, got ${candidate.key}. The strategy or its options changed: begin a new journal.`,
    );
  }
  for (const report of record.reports ?? []) stopping?.goesOn(number, report);
  return Promise.resolve(outcome);
}

/** What the runs before this one took; where an old journal does not say, about as long as the trials. */
function secondsOf(records: readonly TrialRecord[], workers: number): number {
  return records.at(-1)?.elapsed ?? records.reduce((sum, { seconds }) => sum + seconds, 0) / workers;
}

function bestOf<T>(trials: readonly FinishedTrial<T>[]): FinishedTrial<T> | undefined {
  const done = trials.filter(({ scores }) => scores !== null);
  const most = Math.max(...done.map(({ budget }) => budget ?? Number.POSITIVE_INFINITY));
  const full = done.filter(({ budget }) => (budget ?? Number.POSITIVE_INFINITY) === most);
  return full.reduce<FinishedTrial<T> | undefined>(
    (best, trial) => (!best || trial.scores![0]! > best.scores![0]! ? trial : best),
    undefined,
  );
}

function checkLimits(limits: SearchLimits, workers: number): void {
  const given = Object.entries(limits ?? {}).filter(([, value]) => value !== undefined);
  if (given.length === 0) throw new OptionError("search: expected a limit of trials, seconds or budget, got none: it would not end.");
  for (const [name, value] of given) {
    if (!(value > 0)) throw new OptionError(`search: expected limits.${name} above 0, got ${value}.`);
  }
  if (!Number.isInteger(workers) || workers < 1) throw new OptionError(`search: expected at least one worker, got ${workers}.`);
}
