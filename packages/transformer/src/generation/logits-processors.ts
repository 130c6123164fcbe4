/** What is done to the scores of the next token before one is chosen. Each with its paper; as transformers defines them. */

import { OptionError } from "@dl/core";

/** What a processor knows beside the scores. */
export interface ProcessorContext {
  /** The prompt's tokens and those written so far; of an encoder–decoder only those written, the start token included. */
  readonly ids: readonly number[];
  /** Tokens written so far. */
  readonly written: number;
}

/** Changes `scores`, one for each token of the vocabulary, in place; −∞ is never chosen. */
export type LogitsProcessor = (scores: Float32Array, context: ProcessorContext) => void;

const never = Number.NEGATIVE_INFINITY;

function require(where: string, name: string, { value, fits, expected }: { value: unknown; fits: boolean; expected: string }): void {
  if (!fits) throw new OptionError(`${where}: expected ${name} to be ${expected}, got ${String(value)}.`);
}

/** Scores divided by it: below 1 surer, above 1 more varied. Ackley et al. 1985. */
export function temperature(value: number): LogitsProcessor {
  require("temperature", "it", { value, fits: value > 0 && value < Infinity, expected: "a number > 0" });
  return (scores) => {
    for (let i = 0; i < scores.length; i++) scores[i]! /= value;
  };
}

/** What narrows the choice leaves at least so many tokens. */
export interface NarrowingOptions {
  /** Default 1. */
  readonly keep?: number;
}

function requireKeep(where: string, keep: number): void {
  require(where, "keep", { value: keep, fits: Number.isInteger(keep) && keep > 0, expected: "a whole number ≥ 1" });
}

/** Only the `count` likeliest, and those as likely as the last of them. Fan et al. 2018, arXiv:1805.04833. */
export function topK(count: number, { keep = 1 }: NarrowingOptions = {}): LogitsProcessor {
  require("topK", "it", { value: count, fits: Number.isInteger(count) && count > 0, expected: "a whole number ≥ 1" });
  requireKeep("topK", keep);
  const most = Math.max(count, keep);
  return (scores) => {
    if (most >= scores.length) return;
    const least = scores.slice().sort()[scores.length - most]!;
    for (let i = 0; i < scores.length; i++) if (scores[i]! < least) scores[i] = never;
  };
}

/** The fewest tokens whose probabilities add up to `mass`. Holtzman et al. 2019, arXiv:1904.09751. */
export function topP(mass: number, { keep = 1 }: NarrowingOptions = {}): LogitsProcessor {
  requireKeep("topP", keep);
  require("topP", "it", { value: mass, fits: mass > 0 && mass <= 1, expected: "a number above 0, at most 1" });
  return (scores) => {
    const order = orderOf(scores); // unlikeliest first
    const probabilities = softmaxOf(scores);
    let sum = 0;
    for (let place = 0; place < order.length - keep; place++) {
      sum += probabilities[order[place]!]!;
      if (sum > 1 - mass) break;
      scores[order[place]!] = never;
    }
  };
}

/** Only tokens at least `share` as likely as the likeliest. Nguyen et al. 2024, arXiv:2407.01082. */
export function minP(share: number, { keep = 1 }: NarrowingOptions = {}): LogitsProcessor {
  require("minP", "it", { value: share, fits: share >= 0 && share <= 1, expected: "a number from 0 to 1" });
  requireKeep("minP", keep);
  return (scores) => dropBelow(scores, { least: largestOf(scores) + Math.log(share), keep });
}

/** Only tokens at least `probability` likely. Hewitt et al. 2022, arXiv:2210.15191, section 4. */
export function epsilonCutoff(probability: number, { keep = 1 }: NarrowingOptions = {}): LogitsProcessor {
  require("epsilonCutoff", "it", { value: probability, fits: probability > 0 && probability < 1, expected: "a number between 0 and 1" });
  requireKeep("epsilonCutoff", keep);
  return (scores) => dropBelow(scores, { least: logSumOf(scores) + Math.log(probability), keep });
}

/** As `epsilonCutoff`, but where the model is unsure, with √probability · exp(−entropy) if that is less. Hewitt et al. 2022, section 4. */
export function etaCutoff(probability: number, { keep = 1 }: NarrowingOptions = {}): LogitsProcessor {
  require("etaCutoff", "it", { value: probability, fits: probability > 0 && probability < 1, expected: "a number between 0 and 1" });
  requireKeep("etaCutoff", keep);
  return (scores) => {
    let entropy = 0;
    for (const share of softmaxOf(scores)) if (share > 0) entropy -= share * Math.log(share);
    const least = Math.min(Math.log(probability), Math.log(probability) / 2 - entropy);
    dropBelow(scores, { least: logSumOf(scores) + least, keep });
  };
}

/** Scores under `least` go, except the `keep` largest. */
function dropBelow(scores: Float32Array, { least, keep }: { least: number; keep: number }): void {
  const kept = new Set(keep === 1 ? [scores.indexOf(largestOf(scores))] : orderOf(scores).slice(-keep));
  for (let i = 0; i < scores.length; i++) if (scores[i]! < least && !kept.has(i)) scores[i] = never;
}

/** Tokens whose surprise is nearest to the expected one, until their probabilities add up to `mass`. Meister et al. 2022, arXiv:2202.00666. */
export function typicalP(mass: number, { keep = 1 }: NarrowingOptions = {}): LogitsProcessor {
  requireKeep("typicalP", keep);
  require("typicalP", "it", { value: mass, fits: mass > 0 && mass <= 1, expected: "a number above 0, at most 1" });
  return (scores) => {
    const probabilities = softmaxOf(scores);
    const surprise = Array.from(probabilities, (probability) => -Math.log(probability));
    let entropy = 0;
    for (const [i, probability] of probabilities.entries()) if (probability > 0) entropy += probability * surprise[i]!;
    const oddity = Float64Array.from(surprise, (value) => Math.abs(value - entropy));
    const order = Array.from(oddity.keys()).sort((a, b) => oddity[a]! - oddity[b]!);
    let sum = 0;
    let last = 0;
    while (last < order.length - 1 && (sum += probabilities[order[last]!]!) < mass) last++;
    const most = oddity[order[Math.min(order.length - 1, Math.max(last, keep - 1))]!]!;
    for (let i = 0; i < scores.length; i++) if (oddity[i]! > most) scores[i] = never;
  };
}

/** Positive scores of tokens that are there already divided by it, negative ones multiplied. Keskar et al. 2019, CTRL, arXiv:1909.05858. */
export function repetitionPenalty(penalty: number): LogitsProcessor {
  require("repetitionPenalty", "it", { value: penalty, fits: penalty > 0 && penalty < Infinity, expected: "a number > 0" });
  return (scores, { ids }) => {
    for (const id of new Set(ids)) if (id < scores.length) scores[id]! *= scores[id]! < 0 ? penalty : 1 / penalty;
  };
}

/** No run of `size` tokens stands twice. Paulus et al. 2017, arXiv:1705.04304. */
export function noRepeatNgram(size: number): LogitsProcessor {
  require("noRepeatNgram", "it", { value: size, fits: Number.isInteger(size) && size > 0, expected: "a whole number ≥ 1" });
  return (scores, { ids }) => {
    const start = ids.length - size + 1;
    if (start < 0) return;
    for (let at = 0; at + size <= ids.length; at++) {
      let same = true;
      for (let i = 0; same && i < size - 1; i++) same = ids[at + i] === ids[start + i];
      if (same) scores[ids[at + size - 1]!] = never;
    }
  };
}

/** None of `endIds` before the prompt and the text written have `length` tokens. */
export function minimumLength(length: number, endIds: readonly number[]): LogitsProcessor {
  require("minimumLength", "it", { value: length, fits: Number.isInteger(length) && length >= 0, expected: "a whole number ≥ 0" });
  return (scores, { ids }) => {
    if (ids.length < length) for (const id of endIds) scores[id] = never;
  };
}

/** None of `endIds` before `count` tokens are written. */
export function minimumNewTokens(count: number, endIds: readonly number[]): LogitsProcessor {
  require("minimumNewTokens", "it", { value: count, fits: Number.isInteger(count) && count >= 0, expected: "a whole number ≥ 0" });
  return (scores, { written }) => {
    if (written < count) for (const id of endIds) scores[id] = never;
  };
}

/** These runs of tokens are never written; one of a single token never comes. */
export function banned(words: readonly (readonly number[])[]): LogitsProcessor {
  if (words.some((word) => word.length === 0)) throw new OptionError("banned: expected words of at least one token, got an empty one.");
  return (scores, { ids }) => {
    for (const word of words) {
      const before = word.length - 1;
      if (before > ids.length) continue;
      let follows = true;
      for (let i = 0; follows && i < before; i++) follows = ids[ids.length - before + i] === word[i];
      if (follows) scores[word[before]!] = never;
    }
  };
}

/** One of `ids` is the first token written: Tang et al. 2020, arXiv:2008.00401, name the language so. */
export function forcedFirst(ids: readonly number[]): LogitsProcessor {
  return forcedAt(ids, 0);
}

/** One of `ids` is the last of `count` tokens. */
export function forcedLast(ids: readonly number[], count: number): LogitsProcessor {
  return forcedAt(ids, count - 1);
}

function forcedAt(ids: readonly number[], place: number): LogitsProcessor {
  if (ids.length === 0) throw new OptionError("forcedFirst, forcedLast: expected at least one token, got none.");
  return (scores, { written }) => {
    if (written !== place) return;
    scores.fill(never);
    // Certain: a beam's score stays what it was.
    for (const id of ids) scores[id] = 0;
  };
}

/** Log-probabilities again, after others took tokens away: a beam does not pay for what was banned. */
export const renormalized: LogitsProcessor = (scores) => scores.set(logSoftmaxOf(scores));

/** One after the other. */
export function applyProcessors(processors: readonly LogitsProcessor[], scores: Float32Array, context: ProcessorContext): void {
  for (const process of processors) process(scores, context);
}

/** What is thrown where every token is at −∞, or NaN. */
export function noneLeft(): OptionError {
  return new OptionError(
    "generate: expected a token that may come next, got none: what is banned leaves nothing (or the model gives NaN).",
  );
}

export function largestOf(scores: Iterable<number>): number {
  let largest = never;
  for (const score of scores) if (score > largest) largest = score;
  return largest;
}

/** Probabilities; those of −∞ are 0. */
export function softmaxOf(scores: Float32Array): Float64Array {
  const largest = largestOf(scores);
  const weights = Float64Array.from(scores, (score) => Math.exp(score - largest));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Logarithms of probabilities. */
export function logSoftmaxOf(scores: Float32Array): Float32Array {
  const logSum = logSumOf(scores);
  return scores.map((score) => score - logSum);
}

/** The logarithm of the sum of what `scores` are logarithms of. */
export function logSumOf(scores: Iterable<number>): number {
  const largest = largestOf(scores);
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - largest);
  return largest + Math.log(sum);
}

/** Places, smallest score first; of equals the later first, so that the likeliest that stays is the first. */
function orderOf(scores: Float32Array): number[] {
  return Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]! || b - a);
}
