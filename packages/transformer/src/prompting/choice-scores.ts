/** Answers without training: how likely a language model finds each choice after a prompt. Brown et al. 2020, arXiv:2005.14165, section 2.4; calibrated as Zhao et al. 2021, arXiv:2102.09690. */

import {
  broadcastTo,
  DataError,
  type Device,
  type HostTensor,
  hostTensor,
  logSoftmax,
  narrow,
  ShapeError,
  type Tensor,
  takeAlong,
  tensor,
} from "@dl/core";
import { inference } from "@dl/nn";
import type { CausalLanguageModel, SequenceLanguageModel } from "../generation/decoding-session.ts";
import { logSumOf } from "../generation/logits-processors.ts";
import { shiftRight } from "../sequence-to-sequence.ts";

/** A template filled in, `{name}` by name: examples, blank lines between, then the question. */
export interface PromptTemplate {
  /** One solved example: `Review: {text}\nSentiment: {label}`. Ends where the choice ends. */
  readonly example: string;
  /** The question, up to where a choice begins: `Review: {text}\nSentiment:`. */
  readonly question: string;
}

/**
 * A zero- or few-shot prompt.
 *
 * @throws DataError for a name that has no value.
 * @example
 * const template = { example: "{word} is {label}", question: "{word} is" };
 * fillPrompt(template, { word: "good" }, { shots: [{ word: "bad", label: "negative" }] }); // "bad is negative\n\ngood is"
 */
export function fillPrompt(
  { example, question }: PromptTemplate,
  values: Readonly<Record<string, string>>,
  { shots = [] }: { shots?: readonly Readonly<Record<string, string>>[] } = {},
): string {
  const fill = (text: string, own: Readonly<Record<string, string>>): string =>
    text.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = Object.hasOwn(own, name) ? own[name] : undefined;
      if (value === undefined) throw new DataError(`fillPrompt: expected a value for {${name}}, got only ${Object.keys(own).join(", ")}.`);
      return value;
    });
  return [...shots.map((shot) => fill(example, shot)), fill(question, values)].join("\n\n");
}

export interface ScoreChoicesOptions {
  device: Device;
  /** Divides each log-likelihood by the choice's tokens: long choices are not less likely for their length alone. Default false. */
  perToken?: boolean;
  signal?: AbortSignal;
}

/**
 * The log-likelihood of each choice after each prompt, in nats; with an encoder–decoder, as what it writes when it has read the prompt.
 *
 * @param prompts  Token ids
 * @param choices  Token ids, the same choices for every prompt; an encoder–decoder's without the start token
 * @returns `[prompts, choices]`
 * @throws DataError for empty prompts or choices, or ones longer than the model's context: together, or with an encoder–decoder each alone.
 */
export async function scoreChoices(
  model: CausalLanguageModel | SequenceLanguageModel,
  { prompts, choices }: { prompts: readonly (readonly number[])[]; choices: readonly (readonly number[])[] },
  { device, perToken = false, signal }: ScoreChoicesOptions,
): Promise<HostTensor> {
  const { context = Number.POSITIVE_INFINITY, vocabulary } = model.options;
  if (prompts.length === 0 || choices.length === 0 || [...prompts, ...choices].some(({ length }) => length === 0)) {
    throw new DataError("scoreChoices: expected prompts and choices of at least one token each, got none or an empty one.");
  }
  const longest = Math.max(...choices.map(({ length }) => length));
  const shape = [choices.length, longest];
  // Choices are padded behind: a causal model's scores do not depend on what comes after.
  const written = Int32Array.from(choices.flatMap((choice) => [...choice, ...new Array<number>(longest - choice.length).fill(0)]));
  const scores = new Float32Array(prompts.length * choices.length);
  for (const [row, prompt] of prompts.entries()) {
    signal?.throwIfAborted();
    const time = "encode" in model ? Math.max(prompt.length, longest) : prompt.length + longest;
    if (time > context)
      throw new DataError(
        `scoreChoices: expected at most ${context} tokens, got ${time} in prompt ${row} with a choice. Leave out examples.`,
      );
    if ([...prompt, ...written].some((id) => id < 0 || id >= vocabulary))
      throw new DataError(`scoreChoices: expected token ids below ${vocabulary}, got others in prompt ${row}.`);
    const chosen = (await device.compute(() => {
      const logits = "encode" in model ? answerLogits(model, prompt, { written, shape }) : nextLogits(model, prompt, { written, shape });
      return takeAlong(logSoftmax(logits), tensor(hostTensor(written, [...shape, 1])), { axis: -1 }).reshape(shape);
    })) as HostTensor;
    for (const [k, choice] of choices.entries()) {
      let sum = 0;
      for (let i = 0; i < choice.length; i++) sum += chosen.data[k * longest + i]!;
      scores[row * choices.length + k] = perToken ? sum / choice.length : sum;
    }
  }
  return hostTensor(scores, [prompts.length, choices.length]);
}

interface WrittenChoices {
  /** Token ids, row by row. */
  readonly written: Int32Array;
  /** `[choices, longest]` */
  readonly shape: readonly number[];
}

/** Logits of each token of each choice, `[choices, longest, vocabulary]`: what a decoder goes on with. */
function nextLogits(model: CausalLanguageModel, prompt: readonly number[], { written, shape: [count, longest] }: WrittenChoices): Tensor {
  const time = prompt.length + longest!;
  const ids = new Int32Array(count! * time);
  for (let k = 0; k < count!; k++) {
    ids.set(prompt, k * time);
    ids.set(written.subarray(k * longest!, (k + 1) * longest!), k * time + prompt.length);
  }
  const hidden = model.hidden({ ids: tensor(hostTensor(ids, [count!, time])) }, inference);
  return model.logits(narrow(hidden, 1, { start: prompt.length - 1, size: longest! }));
}

/** The same of what an encoder–decoder writes; it reads the prompt once. */
function answerLogits(
  model: SequenceLanguageModel,
  prompt: readonly number[],
  { written, shape: [count, longest] }: WrittenChoices,
): Tensor {
  const encoded = model.encode({ ids: tensor(hostTensor(Int32Array.from(prompt), [1, prompt.length])) }, inference);
  const forEveryChoice = (x: Tensor): Tensor => broadcastTo(x, [count!, ...x.shape.slice(1)]);
  const cross = model.crossKeys(encoded).map(({ key, value }) => ({ key: forEveryChoice(key), value: forEveryChoice(value) }));
  const seen = shiftRight(written, { rows: count!, startId: model.startId, padId: model.options.padId });
  return model.decode({ ids: tensor(hostTensor(seen, [count!, longest!])), cross }, inference);
}

/**
 * Takes the model's liking of some answers out: scores less those it gives when there is nothing to answer ("N/A", an empty text), as probabilities.
 * Zhao et al. 2021, section 5.
 *
 * @param scores       `[N, choices]` log-likelihoods
 * @param contentFree  `[M, choices]`, of prompts without content; their probabilities are averaged
 * @returns `[N, choices]` probabilities, each row sums to 1.
 * @example
 * const scores = hostTensor(Float32Array.of(Math.log(0.6), Math.log(0.4)), [1, 2]);
 * const free = hostTensor(Float32Array.of(Math.log(0.75), Math.log(0.25)), [1, 2]);
 * calibrated(scores, free).data; // Float32Array [0.3333333432674408, 0.6666666865348816]
 */
export function calibrated(scores: HostTensor, contentFree: HostTensor): HostTensor {
  const count = scores.shape[1];
  if (scores.shape.length !== 2 || contentFree.shape.length !== 2 || contentFree.shape[1] !== count || contentFree.shape[0] === 0) {
    throw new ShapeError(
      `calibrated: expected scores [N, K] and [M, K] of the same choices, got [${scores.shape}] and [${contentFree.shape}].`,
    );
  }
  // In logarithms to the end: a long choice may be less likely than the smallest number.
  const free = rowsOf(contentFree).map(logShares);
  const liked = Array.from({ length: count! }, (_, k) => logSumOf(free.map((row) => row[k]!))); // the mean's, but for a constant
  const data = rowsOf(scores).flatMap((row) => logShares(row.map((score, k) => score - liked[k]!)).map(Math.exp));
  return hostTensor(Float32Array.from(data), scores.shape);
}

function rowsOf({ data, shape }: HostTensor): number[][] {
  const [rows, count] = shape as readonly [number, number];
  return Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * count, (i + 1) * count)));
}

/** A row's logarithms, such that their numbers add up to 1. */
function logShares(row: readonly number[]): number[] {
  const sum = logSumOf(row);
  return row.map((score) => score - sum);
}
