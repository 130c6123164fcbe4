/**
 * The engine: asks a strategy, tries what it proposes, several at once, remembers, and tells.
 *
 * Results are told in the order of the proposals, each just before the proposal `workers` later: a search is the same from run to run for one
 * seed and number of workers, however long the trials take. A search that is resumed asks and tells what the journal holds again, which brings
 * the strategy to where it was.
 */

import { OptionError, Rng } from "@dl/core";
import { type Candidate, ofGenotype } from "../space/candidate.ts";
import type { Space } from "../space/space.ts";
import type { Proposal, Strategy } from "../strategies/strategy.ts";
import { type Evaluate, TrialFailed, TrialStopped } from "./evaluate.ts";
import { checkObjectives, type Measurements, type Objectives, scoresOf } from "./objectives.ts";
import type { StoppingRule } from "./stopping.ts";
import type { Journal, TrialRecord } from "./trial-record.ts";

/** When a search ends; the first that is reached counts. */
export interface SearchLimits {
  /** Trials that were run, not counting those remembered. */
  readonly trials?: number;
  readonly seconds?: number;
  /** The sum of what the trials' budgets cost; a trial that goes on from another costs the difference. */
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
  /** The best by the first objective, among those with the largest budget. Undefined when all failed. */
  readonly best: FinishedTrial<T> | undefined;
  /** In order of their numbers. */
  readonly trials: readonly FinishedTrial<T>[];
  readonly reason: "limit" | "exhausted" | "interrupted";
}

/** A strategy that proposes only what is known so often has nothing new to say. */
const mostRemembered = 1000;
/** When so many trials have all failed, the fault is the function's, not the candidates'. */
const allFailed = 10;

/** A trial's outcome, or what kept it from having one. */
type Outcome = Omit<TrialRecord, "number" | "genotype" | "key" | "parents"> | "aborted";

/** @throws DlError with the last trial's error when the first ten all failed. */
export async function search<T>(space: Space<T>, options: SearchOptions<T>): Promise<SearchResult<T>> {
  const { strategy, objectives, limits, seed = 0, workers = 1, journal, onTrial, signal = new AbortController().signal } = options;
  checkObjectives(objectives);
  checkLimits(limits, workers);
  const identity = {
    space: JSON.stringify(space.decisions("")),
    strategy: strategy.name,
    objectives: Object.entries(objectives).map(([name, direction]) => `${direction} ${name}`),
    seed,
    workers,
  };
  const recorded = new Map((await journal?.open(identity))?.map((record) => [record.number, record]) ?? []);
  const outcomes = new Map<string, Promise<Outcome>>();
  const spent = new Map<number, number>();
  const trials: FinishedTrial<T>[] = [];
  const asked: { proposal: Proposal<T>; outcome: Promise<Outcome>; remembered: boolean }[] = [];
  const start = performance.now();
  let run = 0;
  let cost = 0;
  let rememberedInRow = 0;
  let reason: SearchResult<T>["reason"] = "limit";

  const isOver = (): boolean =>
    run >= (limits.trials ?? Number.POSITIVE_INFINITY) ||
    cost >= (limits.budget ?? Number.POSITIVE_INFINITY) ||
    performance.now() - start >= 1000 * (limits.seconds ?? Number.POSITIVE_INFINITY);

  /** Tells the next result in order; false when it was aborted. */
  const tellNext = async (): Promise<boolean> => {
    const number = trials.length;
    const { proposal, outcome, remembered } = asked[number]!;
    const result = await outcome;
    if (result === "aborted") return false;
    const { candidate, parents } = proposal;
    const scores = result.measurements && scoresOf(objectives, result.measurements);
    const record: TrialRecord = { ...result, number, genotype: candidate.genotype, key: candidate.key, ...(parents && { parents }) };
    if (!remembered && !recorded.has(number)) await journal?.append(record);
    const trial: FinishedTrial<T> = { ...record, candidate, scores, remembered, parents: proposal.parents ?? [] };
    trials.push(trial);
    strategy.tell({ ...proposal, number, scores });
    onTrial?.(trial);
    if (trials.length === allFailed && trials.every(({ measurements }) => measurements === null)) {
      throw new OptionError(`search: expected some trial to succeed, got ${allFailed} failures, the last with: ${result.error}`);
    }
    return true;
  };

  try {
    asking: while (!signal.aborted) {
      if (isOver()) break;
      while (asked.length - trials.length >= workers) if (!(await tellNext())) break asking;
      let proposal = strategy.ask(asked.length);
      while (proposal === "wait") {
        if (trials.length === asked.length) throw new OptionError(`search: expected ${strategy.name} to propose, got a wait for nothing.`);
        if (!(await tellNext())) break asking;
        proposal = strategy.ask(asked.length);
      }
      if (proposal === undefined) {
        reason = "exhausted";
        break;
      }
      const number = asked.length;
      const { candidate, budget, from } = proposal;
      const place = `${candidate.key} ${budget ?? ""} ${from ?? ""}`;
      const known = outcomes.get(place);
      if (known && ++rememberedInRow >= mostRemembered) {
        reason = "exhausted";
        break;
      }
      if (!known) {
        rememberedInRow = 0;
        run++;
        spent.set(number, budget ?? 1);
        cost += (budget ?? 1) - (from === undefined ? 0 : (spent.get(from) ?? 0));
      }
      const outcome =
        known ?? replayed(recorded.get(number), { space, proposal, number }) ?? attempt(proposal, { number, options, signal });
      outcomes.set(place, outcome);
      outcome.catch(() => {});
      asked.push({ proposal, outcome, remembered: known !== undefined });
    }
    while (trials.length < asked.length && (await tellNext()));
  } finally {
    // Nothing is left running, whatever happened.
    await Promise.allSettled(asked.map(({ outcome }) => outcome));
  }
  if (signal.aborted) reason = "interrupted";
  return { best: bestOf(trials), trials, reason };
}

/** The recorded outcome, if the strategy proposes what it did then. */
function replayed<T>(
  record: TrialRecord | undefined,
  { space, proposal, number }: { space: Space<T>; proposal: Proposal<T>; number: number },
): Promise<Outcome> | undefined {
  if (!record) return undefined;
  const { key } = ofGenotype(space, record.genotype);
  const { candidate, budget, from } = proposal;
  if (key !== candidate.key || record.budget !== budget || record.from !== from) {
    throw new OptionError(
      `search: expected trial ${number} to be what the journal holds, ${key}, got ${candidate.key}. The strategy or its options changed: begin a new journal.`,
    );
  }
  const { number: _number, genotype: _genotype, key: _key, parents: _parents, ...outcome } = record;
  return Promise.resolve(outcome);
}

/** Runs a trial, again where it fails. */
async function attempt<T>(
  { candidate, budget, from }: Proposal<T>,
  { number, options, signal }: { number: number; options: SearchOptions<T>; signal: AbortSignal },
): Promise<Outcome> {
  const { evaluate, objectives, seed = 0, retries = 1, stopping } = options;
  const start = performance.now();
  const shape = { ...(budget !== undefined && { budget }), ...(from !== undefined && { from }) };
  const seconds = (): number => (performance.now() - start) / 1000;
  const [main] = Object.entries(objectives)[0]!;
  const task = {
    value: candidate.value,
    number,
    seed: new Rng(seed).fork(`trial ${candidate.key} ${budget ?? ""}`).integer(0, 2 ** 31),
    budget,
    from,
    signal,
    report: async (step: number, score: number): Promise<void> => {
      if (stopping?.goesOn(number, { step, score }) === false) throw new TrialStopped({ step, score });
    },
  };
  let error = "";
  for (let attempts = 1; attempts <= retries + 1; attempts++) {
    try {
      const measurements: Measurements = await evaluate({ ...task, attempt: attempts });
      scoresOf(objectives, measurements);
      return { ...shape, measurements, attempts, seconds: seconds() };
    } catch (thrown) {
      if (signal.aborted) return "aborted";
      if (thrown instanceof TrialStopped) {
        // Its last report stands for the main objective; the others were not measured.
        const { step, score } = thrown;
        const direction = objectives[main];
        const single = Object.keys(objectives).length === 1;
        const measurements = single ? { [main]: direction === "minimize" ? -score : score } : null;
        return { ...shape, measurements, stoppedAt: step, attempts, seconds: seconds(), ...(!single && { error: thrown.message }) };
      }
      error = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
      if (thrown instanceof TrialFailed) return { ...shape, measurements: null, error, attempts, seconds: seconds() };
    }
  }
  return { ...shape, measurements: null, error, attempts: retries + 1, seconds: seconds() };
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
