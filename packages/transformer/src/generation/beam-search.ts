/** Beam search: the likeliest texts among the continuations of the likeliest beginnings. As transformers defines it, each prompt on its own. */

import { OptionError, Yielder } from "@dl/core";
import type { DecodingSession, NextScores } from "./decoding-session.ts";
import { applyProcessors, type LogitsProcessor, logSoftmaxOf, noneLeft } from "./logits-processors.ts";
import type { ConstraintState, TokenConstraint } from "./token-constraint.ts";

export interface BeamOptions {
  beams: number;
  /** Texts returned for each prompt, at most `beams`. */
  sequences: number;
  /** A text's score is the sum of its log-probabilities divided by lengthᵖᵉⁿᵃˡᵗʸ: above 0 favours long texts. */
  lengthPenalty: number;
  /** Ends as soon as there are as many texts as beams; else when none can become better; `never` waits for proof. */
  earlyStopping: boolean | "never";
  newTokens: number;
  endIds: readonly number[];
  processors: readonly LogitsProcessor[];
  /** Whether a text ends where it is, for what it says. */
  isStopped: (ids: readonly number[]) => boolean;
  constraint: TokenConstraint | undefined;
  signal?: AbortSignal | undefined;
}

export interface BeamResult {
  /** New tokens, the end token included. */
  readonly ids: readonly number[];
  readonly score: number;
  readonly reason: "end" | "stop" | "length" | "constraint";
  /** With a constraint: whether the text is whole. */
  readonly fits?: boolean;
}

// As transformers' −10⁹: a score nothing reaches, that can still be sorted.
const impossible = -1e9;

interface Beam {
  readonly ids: readonly number[];
  readonly score: number;
  /** Its row in the session. */
  readonly row: number;
  /** What holds its text. */
  readonly held: ConstraintState | undefined;
}

interface Finished extends BeamResult {
  readonly isFinished: boolean;
}

/** The search of one prompt. */
class Search {
  beams: readonly Beam[];
  finished: readonly Finished[];
  isDone = false;
  #canImprove = true;
  readonly #options: BeamOptions;

  constructor(firstRow: number, options: BeamOptions) {
    const { beams } = options;
    const held = options.constraint?.begin();
    // All begin alike: all but one are left out at first, or they would stay alike.
    this.beams = Array.from({ length: beams }, (_, i) => ({ ids: [], score: i === 0 ? 0 : impossible, row: firstRow + i, held }));
    this.finished = this.beams.map(() => ({ ids: [], score: impossible, reason: "length", isFinished: false }));
    this.#options = options;
  }

  /** @throws OptionError where no beam can go on. */
  advance(scores: NextScores, prompt: readonly number[]): void {
    const { beams: count, newTokens, endIds, processors, lengthPenalty, earlyStopping, isStopped } = this.#options;
    const keep = Math.max(2, 1 + endIds.length) * count;
    const candidates: Beam[] = [];
    const whole: Beam[] = [];
    for (const beam of this.beams) {
      // Held to a pattern, what is left out must stay out: beside few that fit, it would be among the best.
      if (beam.held && beam.score <= impossible / 2) continue;
      const logs = logSoftmaxOf(scores.row(beam.row));
      applyProcessors(processors, logs, { ids: [...prompt, ...beam.ids], written: beam.ids.length });
      if (beam.held && !beam.held.allow(logs, endIds)) {
        whole.push(beam);
        continue;
      }
      for (const id of largest(logs, keep)) candidates.push({ ...beam, ids: [...beam.ids, id], score: beam.score + logs[id]! });
    }
    if (candidates.length === 0 && whole.length === 0) throw noneLeft();
    candidates.sort((a, b) => b.score - a.score);
    const best = candidates.slice(0, keep).map((beam) => ({ ...beam, held: beam.held && taken(beam.held, beam.ids.at(-1)!) }));
    const reasons = best.map(({ ids }): BeamResult["reason"] | undefined => {
      if (endIds.includes(ids.at(-1)!)) return "end";
      return isStopped(ids) ? "stop" : ids.length === newTokens ? "length" : undefined;
    });

    const isFull = earlyStopping === true && this.finished.every(({ isFinished }) => isFinished);
    const finish = ({ ids, score, held }: Beam, reason: BeamResult["reason"] | undefined, isFinished: boolean): Finished => {
      const barred = (isFull ? 1 : 0) + (this.#canImprove ? 0 : 1) + (isFinished ? 0 : 1);
      // A text of nothing, where the pattern allows it, has no length to divide by.
      const mean = score / Math.max(1, ids.length) ** lengthPenalty;
      const fits = held && { fits: reason === "end" || reason === "constraint" || held.isWhole() };
      return { ids, score: mean + barred * impossible, reason: reason ?? "length", ...fits, isFinished };
    };
    // Only the best as many as there are beams may end; the others are there to go on with.
    const fresh = best.map((beam, i) => finish(beam, reasons[i], reasons[i] !== undefined && i < count));
    const closed = whole.map((beam) => finish(beam, "constraint", true));
    this.finished = [...this.finished, ...closed, ...fresh].sort((a, b) => b.score - a.score).slice(0, count);
    if (best.length === 0) {
      this.isDone = true;
      return;
    }
    const length = best[0]!.ids.length;
    const going = best
      .map((beam, i) => ({ ...beam, score: beam.score + (reasons[i] === undefined ? 0 : impossible) }))
      .sort((a, b) => b.score - a.score)
      .slice(0, count);
    // A pattern may leave fewer: the session has as many rows as before.
    this.beams = Array.from({ length: count }, (_, i) => going[i] ?? { ...going[0]!, score: impossible });

    const reach = earlyStopping === "never" && lengthPenalty > 0 ? newTokens : length;
    const possible = this.beams[0]!.score / reach ** lengthPenalty;
    const worst = Math.min(...this.finished.map(({ score }) => score));
    this.#canImprove &&= this.finished.some(({ isFinished }) => possible > (isFinished ? worst : impossible));
    const enough = earlyStopping === true && this.finished.every(({ isFinished }) => isFinished);
    this.isDone = !this.#canImprove || enough || reasons.every((reason) => reason !== undefined);
  }
}

function taken(held: ConstraintState, id: number): ConstraintState {
  const next = held.copy();
  next.take(id);
  return next;
}

/**
 * For each prompt, its `sequences` best texts, best first. The session has `beams` rows a prompt.
 *
 * @throws OptionError where a prompt has no text, or fewer than `sequences`.
 */
export async function beamSearch(session: DecodingSession, options: BeamOptions): Promise<BeamResult[][]> {
  const { beams, sequences, signal } = options;
  const searches = Array.from({ length: session.rows / beams }, (_, i) => new Search(i * beams, options));
  const yielder = new Yielder();
  let scores = await session.start();
  for (;;) {
    for (const [i, search] of searches.entries()) if (!search.isDone) search.advance(scores, session.prompts[i * beams]!);
    if (searches.every(({ isDone }) => isDone)) break;
    await yielder.turn();
    signal?.throwIfAborted();
    const rows = new Int32Array(session.rows);
    const ids = new Int32Array(session.rows);
    for (const [i, search] of searches.entries()) {
      search.beams = search.beams.map((beam, place) => {
        const row = i * beams + place;
        rows[row] = beam.row;
        ids[row] = beam.ids.at(-1)!;
        return { ...beam, row };
      });
    }
    await session.reorder(rows);
    scores = await session.step(ids);
  }
  return searches.map(({ finished }) => {
    const texts = finished.filter(({ isFinished }) => isFinished).slice(0, sequences);
    if (texts.length < sequences) {
      throw new OptionError(
        `generate: expected ${sequences} sequences, got ${texts.length}: what is banned leaves no more. Ask for fewer, or ban less.`,
      );
    }
    return texts.map(({ isFinished, ...text }) => text);
  });
}

/** Places of the `count` largest, in no order; never of −∞ or NaN, which cannot come. */
function largest(values: Float32Array, count: number): number[] {
  const possible: number[] = [];
  for (let i = 0; i < values.length; i++) if (values[i]! > Number.NEGATIVE_INFINITY) possible.push(i);
  if (count >= possible.length) return possible;
  const least = Float32Array.from(possible, (i) => values[i]!).sort()[possible.length - count]!;
  const places = possible.filter((i) => values[i]! > least);
  for (let next = 0; places.length < count; next++) if (values[possible[next]!] === least) places.push(possible[next]!);
  return places;
}
