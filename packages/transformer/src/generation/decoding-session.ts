/** A model at work on several texts at once, token by token: what all ways to choose the next token share. */

import { Cell, DataError, type Device, hostTensor, OptionError, sizeOf, type Tensor, tensor } from "@dl/core";
import { inference, type Mode } from "@dl/nn";
import type { ForwardOptions, TokenInput } from "../forward-pass.ts";
import { type CacheShape, KeyValueCache } from "../key-value-cache.ts";
import type { CrossKeys, SequenceToSequence } from "../sequence-to-sequence.ts";
import { lengthened, PrefixTuning, PromptTuning, type SoftPrompt } from "../tuning/soft-prompts.ts";

/** What `generate` needs of a decoder: `Gpt2` and `Llama` are such. */
export interface CausalLanguageModel {
  readonly cacheShape: CacheShape;
  readonly options: { readonly vocabulary: number; readonly context: number };
  hidden(input: TokenInput, mode: Mode, options?: ForwardOptions): Tensor;
  logits(hidden: Tensor): Tensor;
}

/** Scores of the tokens that may come next, `rows` of `vocabulary`. */
export interface NextScores {
  readonly vocabulary: number;
  row(index: number): Float32Array;
}

export interface DecodingSession extends Disposable {
  readonly rows: number;
  /** What the decoder has seen at the start: the prompt, or the start token. */
  readonly prompts: readonly (readonly number[])[];
  /** Scores after the prompts. */
  start(): Promise<NextScores>;
  /** Takes in one token a row, and gives the scores after it. */
  step(ids: Int32Array): Promise<NextScores>;
  /** Row i goes on with what row `rows[i]` has seen. */
  reorder(rows: Int32Array): Promise<void>;
}

export interface SessionOptions {
  device: Device;
  /** Copies of each prompt, next to each other: the beams. */
  copies: number;
  /** Tokens written at most. */
  newTokens: number;
  /** In front of each prompt. Default none. */
  softPrompt?: SoftPrompt | undefined;
}

/** A prompt of another model would be added to tokens it never saw. */
function checkSoftPrompt(model: CausalLanguageModel | SequenceToSequence, softPrompt: SoftPrompt | undefined): void {
  if (softPrompt instanceof PromptTuning) {
    if ("tokens" in model && model.tokens !== softPrompt.tokens) {
      throw new OptionError(
        "generate: expected a prompt on the model's own tokens, got another model's. Make it with this model, or load it.",
      );
    }
  } else if (softPrompt) {
    if ("encode" in model) throw new OptionError("generate: expected PromptTuning for an encoder–decoder, got PrefixTuning.");
    const [own, given] = [model.cacheShape, softPrompt.cacheShape].map(({ layers, keyHeads, headSize }) =>
      [layers, keyHeads, headSize].join(),
    );
    if (own !== given) {
      throw new OptionError(`generate: expected a prefix of layers, heads and sizes ${own}, as the model has, got ${given}.`);
    }
  }
}

function copied<T>(items: readonly T[], copies: number): T[] {
  return items.flatMap((item) => Array.from({ length: copies }, () => item));
}

function checkPrompts(prompts: readonly (readonly number[])[], vocabulary: number): void {
  if (prompts.length === 0) throw new DataError("generate: expected at least one prompt, got none.");
  for (const [row, prompt] of prompts.entries()) {
    if (typeof prompt !== "object") {
      throw new DataError(
        `generate: expected prompts that are lists of token ids, [[1, 2], …], got ${JSON.stringify(prompt)} as prompt ${row}. Of a text make tokenizer.encode(text).ids.`,
      );
    }
    if (prompt.length === 0) throw new DataError(`generate: expected prompts of at least one token, got an empty one at ${row}.`);
    for (const id of prompt) {
      if (!(Number.isInteger(id) && id >= 0 && id < vocabulary)) {
        throw new DataError(
          `generate: expected token ids from 0 to ${vocabulary - 1}, got ${id} in prompt ${row}. Is it another tokenizer's?`,
        );
      }
    }
  }
}

function scoresOf({ data, shape }: { data: ArrayLike<number>; shape: readonly number[] }): NextScores {
  const vocabulary = shape.at(-1)!;
  // Copies, as single rows: processors change them.
  return { vocabulary, row: (index) => Float32Array.from({ length: vocabulary }, (_, i) => data[index * vocabulary + i]!) };
}

/** `[B, T]` rows filled up in front (`left`) or behind, and which places are real; no mask when none was filled. */
function padded(texts: readonly (readonly number[])[], { side, padId }: { side: "left" | "right"; padId: number }) {
  const size = Math.max(...texts.map((text) => text.length));
  const ids = new Int32Array(texts.length * size).fill(padId);
  const mask = new Uint8Array(texts.length * size);
  for (const [row, text] of texts.entries()) {
    const start = row * size + (side === "left" ? size - text.length : 0);
    ids.set(text, start);
    mask.fill(1, start, start + text.length);
  }
  return { ids, mask: mask.includes(0) ? mask : undefined, size };
}

/** A decoder that goes on with its prompts: filled up in front, so that all end together; positions count from the first real token. */
export function causalSession(
  model: CausalLanguageModel,
  given: readonly (readonly number[])[],
  { device, copies, newTokens, softPrompt }: SessionOptions,
): DecodingSession {
  const { vocabulary, context } = model.options;
  checkPrompts(given, vocabulary);
  checkSoftPrompt(model, softPrompt);
  const prompts = copied(given, copies);
  const rows = prompts.length;
  const { ids: first, mask: firstMask, size } = padded(prompts, { side: "left", padId: 0 });
  const front = softPrompt?.length ?? 0;
  const capacity = front + size + newTokens;
  if (capacity > context) {
    const behind = front > 0 ? ` behind ${front} of a soft prompt` : "";
    throw new OptionError(
      `generate: expected a prompt and new tokens that fit the context of ${context}, got ${size} and ${newTokens}${behind}. Shorten the prompt, or ask for fewer.`,
    );
  }
  const cache = new KeyValueCache({ ...model.cacheShape, batch: rows, capacity });
  let lengths = prompts.map((prompt) => prompt.length);
  let masks = firstMask && Array.from({ length: rows }, (_, row) => firstMask.subarray(row * size, (row + 1) * size));

  /** Places of the real tokens so far: a soft prompt, what was filled up, then everything written. */
  const input = (ids: Int32Array, time: number): TokenInput => {
    const prompt = cache.length === 0 && softPrompt instanceof PromptTuning ? softPrompt : undefined;
    const plain = { ids: tensor(hostTensor(ids, [rows, time])) };
    const now = prompt ? prompt.forward(plain) : plain;
    if (masks === undefined) return now;
    const fresh = (prompt?.length ?? 0) + time;
    const total = cache.length + fresh;
    const seen = new Uint8Array(rows * total).fill(1);
    for (const [row, mask] of masks.entries()) seen.set(mask, row * total + front);
    const positions = Int32Array.from({ length: rows * fresh }, (_, i) => {
      const place = total - fresh + (i % fresh);
      return place < front ? place : Math.max(front, place - (size - lengths[Math.floor(i / fresh)]!));
    });
    return {
      ...now,
      mask: tensor({ data: seen, shape: [rows, total], dtype: "bool" }),
      positions: tensor(hostTensor(positions, [rows, fresh])),
    };
  };
  const run = async (ids: Int32Array, time: number): Promise<NextScores> => {
    const logits = await device.compute(() => {
      if (cache.length === 0 && softPrompt instanceof PrefixTuning) softPrompt.begin(cache, rows);
      const hidden = model.hidden(input(ids, time), inference, { cache }); // [B, T, C]
      const last = hidden.slice([0, hidden.shape[1]! - 1, 0], [rows, 1, hidden.shape[2]!]);
      return model.logits(last).reshape([rows, vocabulary]);
    });
    return scoresOf(logits);
  };
  return {
    ...{ rows, prompts },
    start: () => run(first, size),
    step: (ids) => run(ids, 1),
    async reorder(order) {
      await device.compute(() => cache.reorder(tensor(order)));
      lengths = Array.from(order, (row) => lengths[row]!);
      masks = masks && Array.from(order, (row) => masks![row]!);
    },
    [Symbol.dispose]: () => cache[Symbol.dispose](),
  };
}

/** An encoder–decoder that `generate` takes; one without a context, such as T5, has no bound. */
export type SequenceLanguageModel = SequenceToSequence & {
  readonly options: { readonly vocabulary: number; readonly padId: number; readonly context?: number };
};

/** An encoder–decoder that has read its prompts and writes from its start token on. */
export async function sequenceSession(
  model: SequenceLanguageModel,
  given: readonly (readonly number[])[],
  { device, copies, newTokens, softPrompt }: SessionOptions,
): Promise<DecodingSession> {
  const { vocabulary, padId, context = Number.POSITIVE_INFINITY } = model.options;
  checkPrompts(given, vocabulary);
  checkSoftPrompt(model, softPrompt);
  const prompt = softPrompt instanceof PromptTuning ? softPrompt : undefined;
  const front = prompt?.length ?? 0;
  const sources = copied(given, copies);
  const rows = sources.length;
  const { ids, mask, size } = padded(sources, { side: "right", padId });
  // What is written begins behind the start token, and its last token is not read again.
  if (front + size > context || newTokens > context) {
    const before = front > 0 ? ` behind ${front} of a soft prompt` : "";
    throw new OptionError(
      `generate: expected prompts and new tokens that fit the context of ${context} each, got ${size}${before} and ${newTokens}. Shorten the prompt, or ask for fewer.`,
    );
  }
  const sourceMask = (): Tensor | undefined => mask && tensor({ data: mask, shape: [rows, size], dtype: "bool" });
  /** Of what the encoder gives: the soft prompt is real, too. */
  const readMask = (): Tensor | undefined => lengthened(sourceMask(), front);
  const { layers, keyHeads, headSize } = model.cacheShape;
  const shape = [rows, keyHeads, front + size, headSize];
  const cell = (): Cell => new Cell(hostTensor(new Float32Array(sizeOf(shape)), shape));
  const cross = Array.from({ length: layers }, () => ({ key: cell(), value: cell() }));
  const cache = new KeyValueCache({ ...model.cacheShape, batch: rows, capacity: newTokens + 1 });
  const dispose = (): void => {
    cache[Symbol.dispose]();
    for (const { key, value } of cross) {
      key[Symbol.dispose]();
      value[Symbol.dispose]();
    }
  };
  try {
    await device.compute(() => {
      const source = { ids: tensor(hostTensor(ids, [rows, size])), mask: sourceMask() };
      const encoded = model.encode(prompt ? prompt.forward(source) : source, inference);
      for (const [i, { key, value }] of model.crossKeys(encoded).entries()) {
        cross[i]!.key.set(key);
        cross[i]!.value.set(value);
      }
    });
  } catch (error) {
    dispose();
    throw error;
  }
  const step = async (written: Int32Array): Promise<NextScores> => {
    const logits = await device.compute(() => {
      const keys: CrossKeys = cross.map(({ key, value }) => ({ key: key.value, value: value.value }));
      const input = { ids: tensor(hostTensor(written, [rows, 1])), cross: keys, sourceMask: readMask() };
      return model.decode(input, inference, { cache }).reshape([rows, vocabulary]);
    });
    return scoresOf(logits);
  };
  return {
    rows,
    prompts: sources.map(() => [model.startId]),
    start: () => step(new Int32Array(rows).fill(model.startId)),
    step,
    // Beams of one source read the same: only what was written moves.
    reorder: (order) => device.compute(() => cache.reorder(tensor(order))),
    [Symbol.dispose]: dispose,
  };
}
