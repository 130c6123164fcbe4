/** Text from a model, token by token: greedy, sampled or by beam search. */

import { type Device, OptionError, Rng, Yielder } from "@dl/core";
import { type EndTokens, endTokens } from "../end-tokens.ts";
import type { SoftPrompt } from "../tuning/soft-prompts.ts";
import { beamSearch } from "./beam-search.ts";
import {
  type CausalLanguageModel,
  causalSession,
  type DecodingSession,
  type SequenceLanguageModel,
  sequenceSession,
} from "./decoding-session.ts";
import {
  applyProcessors,
  banned,
  epsilonCutoff,
  etaCutoff,
  forcedFirst,
  forcedLast,
  type LogitsProcessor,
  largestOf,
  minimumLength,
  minimumNewTokens,
  minP,
  noneLeft,
  noRepeatNgram,
  repetitionPenalty,
  softmaxOf,
  temperature,
  topK,
  topP,
  typicalP,
} from "./logits-processors.ts";
import type { TokenConstraint } from "./token-constraint.ts";

/** Draws from the model's probabilities, narrowed in this order. */
export interface SamplingOptions {
  /** Each text has a stream of its own, so what is drawn depends on its place in the batch alone, not on the other texts. */
  rng: Rng;
  /** Default 1. */
  temperature?: number;
  /** Default: all. */
  topK?: number;
  /** Default: all. */
  topP?: number;
  /** Default: all. */
  minP?: number;
  /** Default: all. */
  typicalP?: number;
  /** Only tokens at least so likely. Default: all. */
  epsilonCutoff?: number;
  /** The same, lower where the model is unsure. Default: all. */
  etaCutoff?: number;
}

export interface BeamSearchOptions {
  beams: number;
  /** Texts returned for each prompt. Default 1. */
  sequences?: number;
  /** The sum of log-probabilities is divided by lengthᵖᵉⁿᵃˡᵗʸ. Default 1. */
  lengthPenalty?: number;
  /** `true` ends as soon as there are as many texts as beams, `"never"` when none can become better for certain. Default `false`: a guess. */
  earlyStopping?: boolean | "never";
}

/** Ends a text at the first of some strings. */
export interface StopOptions {
  strings: readonly string[];
  /** Such as `(ids) => tokenizer.decode(ids)`. */
  decode: (ids: readonly number[]) => string;
}

export interface GenerateOptions {
  device: Device;
  /** Tokens written at most. With the prompt they must fit the model's context; with an encoder–decoder, each of both alone. */
  newTokens: number;
  /** No end before so many. Default 0. */
  minimumNewTokens?: number;
  /** No end before it and its prompt have so many; of an encoder–decoder, whose prompt is another text, it and its start token. Default 0. */
  minimumLength?: number;
  /** What ends a text. Default the model's end tokens. */
  endIds?: readonly number[];
  /** Chooses by chance. Default: the likeliest token, or beam search. */
  sample?: SamplingOptions;
  /** Default: no beam search. */
  beam?: BeamSearchOptions;
  /** Above 1 makes tokens that are there already unlikelier. Default 1. */
  repetitionPenalty?: number;
  /** No run of so many tokens stands twice. Default: any may. */
  noRepeatNgram?: number;
  /** Runs of tokens that are never written. Default none. */
  banned?: readonly (readonly number[])[];
  /** One of these tokens comes first, whatever the model says (BART's and mBART's `forced_bos_token_id`). Default: any may. */
  forcedFirst?: readonly number[];
  /** One of these comes last where `newTokens` are written (`forced_eos_token_id`). Default: any may. */
  forcedLast?: readonly number[];
  /** Learned vectors, or keys and values, in front of each prompt; with an encoder–decoder vectors in front of what it reads. Default none. */
  softPrompt?: SoftPrompt;
  /** More processors, after the others and before sampling narrows. Default none. */
  processors?: readonly LogitsProcessor[];
  /** Wherever the string ends, also across tokens. Default none. */
  stop?: StopOptions;
  /**
   * Holds the text to a regular expression or a JSON schema: what is written fits, or is the beginning of what fits where `newTokens` ran
   * out. `fits` of the result says which. Default none.
   */
  constraint?: TokenConstraint;
  /** Sees every token as it is chosen. Not with beam search. */
  onToken?: (token: StreamedToken) => void;
  signal?: AbortSignal;
}

export interface StreamedToken {
  /** Of the prompts. */
  readonly row: number;
  readonly id: number;
}

export interface Generated {
  /** New tokens, with the end token where there is one. */
  readonly ids: readonly number[];
  /** `end` token, `stop` string, `length` when `newTokens` were written, `constraint` when nothing more may come. */
  readonly reason: "end" | "stop" | "length" | "constraint";
  /** With a `constraint`: whether the text is whole, or was cut by `newTokens` or a stop string in the middle of what it is held to. */
  readonly fits?: boolean;
  /** Of beam search. */
  readonly score?: number;
}

type Ends = { readonly options: EndTokens };
export type TextModel = (CausalLanguageModel & Ends) | (SequenceLanguageModel & Ends);

/**
 * Goes on with each prompt, or, with an encoder–decoder, answers it. Prompts may be of different lengths.
 *
 * @returns For each prompt its text; with `beam.sequences` that many each, one prompt after the other.
 * @throws OptionError for options out of range or a context too short, DataError for prompts with no or unknown tokens.
 * @example
 * const model = new Gpt2({ ...nanoGptShakespeare, layers: 1, rng });
 * const [text] = await generate(model, [[1, 2, 3]], { device, newTokens: 8 });
 * text!.ids.length; // 8
 */
export async function generate(model: TextModel, prompts: readonly (readonly number[])[], options: GenerateOptions): Promise<Generated[]> {
  const { device, newTokens, beam, sample, stop, constraint, onToken } = options;
  if (!Number.isInteger(newTokens) || newTokens < 1) throw new OptionError(`generate: expected newTokens ≥ 1, got ${newTokens}.`);
  const endIds = options.endIds ?? endTokens(model.options).endIds;
  const processors = processorsOf(options, endIds);
  const { beams = 1, sequences = 1, lengthPenalty = 1, earlyStopping = false } = beam ?? {};
  if (beam && (sample || onToken)) {
    throw new OptionError("generate: expected beam search without sample and onToken, got one of them. Leave out beam.");
  }
  if (!Number.isInteger(beams) || beams < 1 || !Number.isInteger(sequences) || sequences < 1 || sequences > beams) {
    throw new OptionError(`generate: expected at least 1 beam and 1 to as many sequences, got ${beams} and ${sequences}.`);
  }
  if (!Number.isFinite(lengthPenalty)) throw new OptionError(`generate: expected a finite lengthPenalty, got ${lengthPenalty}.`);
  if (stop?.strings.includes("")) {
    throw new OptionError('generate: expected stop strings of at least one character, got "": every text holds it. Leave it out.');
  }
  const settings = { device, copies: beams, newTokens, softPrompt: options.softPrompt };
  using session = "encode" in model ? await sequenceSession(model, prompts, settings) : causalSession(model, prompts, settings);
  // Awaited here: the session ends with this function.
  if (beam === undefined || beams === 1) return await chooseEach(session, { ...options, endIds, processors });
  const { signal } = options;
  const ends = { newTokens, endIds, isStopped: (ids: readonly number[]) => isStopped(ids, stop), constraint };
  const found = await beamSearch(session, { beams, sequences, lengthPenalty, earlyStopping, ...ends, processors, signal });
  return found.flat();
}

function isStopped(ids: readonly number[], stop: StopOptions | undefined): boolean {
  return stop?.strings.some((end) => stop.decode(ids).includes(end)) ?? false;
}

function processorsOf(options: GenerateOptions, endIds: readonly number[]): LogitsProcessor[] {
  const { repetitionPenalty: penalty = 1, noRepeatNgram: size, banned: words = [], minimumNewTokens: least = 0 } = options;
  const { forcedFirst: first, forcedLast: last, newTokens, minimumLength: shortest = 0 } = options;
  return [
    ...(penalty === 1 ? [] : [repetitionPenalty(penalty)]),
    ...(size === undefined ? [] : [noRepeatNgram(size)]),
    ...(words.length === 0 ? [] : [banned(words)]),
    ...(shortest === 0 ? [] : [minimumLength(shortest, endIds)]),
    ...(least === 0 ? [] : [minimumNewTokens(least, endIds)]),
    ...(first === undefined ? [] : [forcedFirst(first)]),
    ...(last === undefined ? [] : [forcedLast(last, newTokens)]),
    ...(options.processors ?? []),
  ];
}

function narrowing(options: SamplingOptions): LogitsProcessor[] {
  const {
    temperature: heat = 1,
    topK: count,
    topP: mass,
    minP: share,
    typicalP: typical,
    epsilonCutoff: epsilon,
    etaCutoff: eta,
  } = options;
  return [
    ...(heat === 1 ? [] : [temperature(heat)]),
    ...(count === undefined ? [] : [topK(count)]),
    ...(mass === undefined ? [] : [topP(mass)]),
    ...(share === undefined ? [] : [minP(share)]),
    ...(typical === undefined ? [] : [typicalP(typical)]),
    ...(epsilon === undefined ? [] : [epsilonCutoff(epsilon)]),
    ...(eta === undefined ? [] : [etaCutoff(eta)]),
  ];
}

/** One token a row and step: the likeliest, or one drawn. */
async function chooseEach(
  session: DecodingSession,
  options: GenerateOptions & { endIds: readonly number[]; processors: readonly LogitsProcessor[] },
): Promise<Generated[]> {
  const { newTokens, endIds, processors, sample, stop, constraint, onToken, signal } = options;
  const narrow = sample ? narrowing(sample) : [];
  const key = sample?.rng.words(2);
  const texts = session.prompts.map((prompt, row) => ({
    prompt,
    ids: [] as number[],
    reason: undefined as Generated["reason"] | undefined,
    rng: key && Rng.fromState({ key: [key[0]!, key[1]!], position: 0 }).fork(`row ${row}`),
    held: constraint?.begin(),
  }));
  const yielder = new Yielder();
  for (let scores = await session.start(); ; ) {
    for (const [row, text] of texts.entries()) {
      if (text.reason !== undefined) continue;
      const each = scores.row(row);
      applyProcessors(processors, each, { ids: [...text.prompt, ...text.ids], written: text.ids.length });
      if (text.held && !text.held.allow(each, endIds)) {
        text.reason = "constraint";
        continue;
      }
      applyProcessors(narrow, each, { ids: text.ids, written: text.ids.length });
      const id = text.rng ? drawn(each, text.rng) : likeliest(each);
      text.ids.push(id);
      onToken?.({ row, id });
      if (endIds.includes(id)) text.reason = "end";
      else {
        text.held?.take(id);
        if (isStopped(text.ids, stop)) text.reason = "stop";
        else if (text.ids.length === newTokens) text.reason = "length";
      }
    }
    if (texts.every(({ reason }) => reason !== undefined)) break;
    // Awaiting a device that computes here gives the host no turn to hear of a signal.
    await yielder.turn();
    signal?.throwIfAborted();
    // Rows that have ended go on with anything: nobody looks.
    scores = await session.step(Int32Array.from(texts, ({ ids }) => ids.at(-1) ?? 0));
  }
  return texts.map(({ ids, reason, held }) => ({ ids, reason: reason!, ...(held && { fits: held.isWhole() }) }));
}

function likeliest(scores: Float32Array): number {
  const largest = largestOf(scores);
  const place = scores.indexOf(largest);
  if (place < 0 || largest === Number.NEGATIVE_INFINITY) throw noneLeft();
  return place;
}

function drawn(scores: Float32Array, rng: Rng): number {
  if (largestOf(scores) === Number.NEGATIVE_INFINITY) throw noneLeft();
  return rng.categorical([], softmaxOf(scores)).data[0]!;
}
