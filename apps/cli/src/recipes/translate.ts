/** English captions into German: the original transformer, small, on Multi30k. Vaswani et al. 2017, arXiv:1706.03762; Elliott et al. 2016, arXiv:1605.00459. */

import { DataError, type HostTensor, hostTensor, type Scalar } from "@dl/core";
import { type Collate, type Dataset, type Example, lengthOrder, type Order, padFields, type Tokenizer, trainBpe } from "@dl/data";
import { multi30k, type TranslationPair } from "@dl/data/node";
import { Bleu, Chrf } from "@dl/metrics";
import { inference, type Mode } from "@dl/nn";
import { evaluate, type Tensors } from "@dl/train";
import { EncoderDecoder, type EncoderDecoderPreset, generate, ignoredLabel, tokenLoss } from "@dl/transformer";
import { showDownload } from "../session.ts";
import {
  folderOf,
  type MeasureOptions,
  type ModelData,
  type ModelPreset,
  type ModelRecipeParts,
  modelRecipe,
  tokenId,
} from "./model-recipe.ts";
import type { TaskContext, TaskRecipe, TaskRun } from "./task-recipe.ts";

/** A text read, and one written: shifted, and as labels. */
export type PairExample = Example<"sourceIds" | "sourceMask" | "targetIds" | "labels">;

export interface WriterPreset extends ModelPreset {
  readonly network: Omit<EncoderDecoderPreset, "vocabulary">;
  readonly vocabulary: number;
  readonly labelSmoothing: number;
  /** Of the search that writes the test's texts. */
  readonly beams: number;
}

/** A text to be read and the one to be written. */
export interface TextPair {
  readonly source: string;
  readonly target: string;
}

export interface PairsData extends ModelData<PairExample> {
  readonly tokenizer: Tokenizer;
  readonly validation: readonly PairExample[];
  readonly test: readonly TextPair[];
}

const [padToken, endToken] = ["<pad>", "</s>"];

/** One tokenizer for both sides, on bytes: what it writes needs no putting together. */
export function trainPairTokenizer(pairs: readonly TextPair[], { vocabularySize }: { vocabularySize: number }): Tokenizer {
  const texts = pairs.flatMap(({ source, target }) => [source, target]);
  return trainBpe(texts, { vocabularySize, specialTokens: [padToken, endToken], prefixSpace: true, minimumFrequency: 2 });
}

/** Ids of a text with the end after it, at most `context` of them. */
export function endedIds(tokenizer: Tokenizer, text: string, { context }: { context: number }): number[] {
  return [...tokenizer.encode(text).ids.slice(0, context - 1), tokenId(tokenizer, endToken)];
}

export function pairExample({ source, target }: TextPair, { tokenizer, context }: { tokenizer: Tokenizer; context: number }): PairExample {
  const [read, written] = [endedIds(tokenizer, source, { context }), endedIds(tokenizer, target, { context })];
  const field = (ids: readonly number[]): HostTensor => hostTensor(Int32Array.from(ids), [ids.length]);
  return {
    sourceIds: field(read),
    sourceMask: { data: new Uint8Array(read.length).fill(1), shape: [read.length], dtype: "bool" },
    // The decoder begins with padding, as Marian's do.
    targetIds: field([tokenId(tokenizer, padToken), ...written.slice(0, -1)]),
    labels: field(written),
  };
}

/** How batches of pairs are made. */
export function pairBatches(
  examples: readonly PairExample[],
  tokenizer: Tokenizer,
): { dataset: Dataset<PairExample>; collate: Collate<PairExample>; order: Order } {
  if (examples.length === 0) throw new DataError("pairBatches: expected at least one pair, got none.");
  const padId = tokenId(tokenizer, padToken);
  const dataset: Dataset<PairExample> = { length: examples.length, get: (index) => examples[index]! };
  const padded = { sourceIds: padId, sourceMask: 0, targetIds: padId, labels: ignoredLabel };
  const collate: Collate<PairExample> = padFields(padded, { multipleOf: 2 });
  return { dataset, collate, order: lengthOrder(examples.map(({ sourceIds, labels }) => sourceIds.data.length + labels.data.length)) };
}

/** The mean loss of each token written. */
function pairLoss(
  model: EncoderDecoder,
  batch: Tensors<PairExample>,
  { mode, labelSmoothing = 0 }: { mode: Mode; labelSmoothing?: number },
): Scalar {
  const { sourceIds, sourceMask, targetIds, labels } = batch;
  const logits = model.forward({ source: { ids: sourceIds, mask: sourceMask }, target: { ids: targetIds } }, mode);
  return tokenLoss(logits, labels, { labelSmoothing });
}

async function validatePairs(
  model: EncoderDecoder,
  { data, device, signal }: TaskContext & { data: PairsData },
): Promise<{ loss: number; perplexity: number }> {
  const examples = [...data.validation].sort((a, b) => a.sourceIds.data.length - b.sourceIds.data.length);
  const { dataset, collate } = pairBatches(examples, data.tokenizer);
  const step = (batch: Tensors<PairExample>) => ({ loss: pairLoss(model, batch, { mode: inference }) });
  const { loss } = await evaluate({ device, signal, dataset, collate, batchSize: 64, step });
  return { loss, perplexity: Math.exp(loss) };
}

/** What the model writes for each text, in their order. */
export async function writeTexts(
  model: EncoderDecoder,
  sources: readonly string[],
  { tokenizer, beams, device, signal }: TaskContext & { tokenizer: Tokenizer; beams: number },
): Promise<string[]> {
  const { context } = model.options;
  const prompts = sources.map((source) => endedIds(tokenizer, source, { context }));
  const written = new Array<string>(sources.length);
  // Of similar length, so that little is padding.
  const order = [...prompts.keys()].sort((a, b) => prompts[a]!.length - prompts[b]!.length);
  for (let start = 0; start < order.length; start += 32) {
    signal.throwIfAborted();
    const rows = order.slice(start, start + 32);
    const longest = Math.max(...rows.map((row) => prompts[row]!.length));
    const results = await generate(
      model,
      rows.map((row) => prompts[row]!),
      // No translation is twice as long as what it says.
      { device, signal, newTokens: Math.min(context - 1, 2 * longest + 4), ...(beams > 1 && { beam: { beams } }) },
    );
    for (const [i, row] of rows.entries()) written[row] = tokenizer.decode(results[i]!.ids).trim();
  }
  return written;
}

async function load(
  { preset, settings }: TaskRun<WriterPreset>,
  { signal, tokenizer: known }: { signal: AbortSignal; tokenizer?: Tokenizer },
): Promise<PairsData> {
  const read = async (split: "train" | "validation" | "test"): Promise<TextPair[]> => {
    const pairs: TranslationPair[] = await multi30k({ split, signal, onProgress: showDownload });
    return pairs.slice(0, settings.limit ?? pairs.length).map(({ english, german }) => ({ source: english, target: german }));
  };
  const [train, validation, test] = [await read("train"), await read("validation"), await read("test")];
  const tokenizer = known ?? trainPairTokenizer(train, { vocabularySize: preset.vocabulary });
  const { context } = preset.network;
  const cut = (pairs: TextPair[]): PairExample[] => pairs.map((pair) => pairExample(pair, { tokenizer, context }));
  return { tokenizer, train: pairBatches(cut(train), tokenizer), validation: cut(validation), test };
}

/** BLEU as sacrebleu counts it, and chrF, of the test's texts. */
async function measure(model: EncoderDecoder, { run, data, device, signal }: MeasureOptions<WriterPreset, PairsData>) {
  const { loss } = await validatePairs(model, { device, signal, data });
  const sources = data.test.map(({ source }) => source);
  const hypotheses = await writeTexts(model, sources, { tokenizer: data.tokenizer, beams: run.preset.beams, device, signal });
  const inputs = { hypotheses, references: data.test.map(({ target }) => [target]) };
  const [bleu, chrf] = [new Bleu(), new Chrf()];
  bleu.update(inputs);
  chrf.update(inputs);
  return { metrics: { "test/BLEU": bleu.result().score, "test/chrF": chrf.result(), "validation/loss": loss } };
}

type WriterParts = ModelRecipeParts<WriterPreset, PairExample, PairsData, EncoderDecoder>;

/** A recipe of a model that reads a text and writes another. */
export function writerRecipe(
  parts: Pick<WriterParts, "name" | "title" | "unit" | "presets" | "load" | "measure">,
): TaskRecipe<WriterPreset> {
  return modelRecipe<WriterPreset, PairExample, PairsData, EncoderDecoder>({
    ...parts,
    store: folderOf(EncoderDecoder),
    charted: ["loss", "perplexity"],
    model({ preset }, { data: { tokenizer }, rng }) {
      const [padId, endId] = [tokenId(tokenizer, padToken), tokenId(tokenizer, endToken)];
      return new EncoderDecoder({ ...preset.network, vocabulary: tokenizer.vocabularySize, padId, endId, rng });
    },
    loss: (model, batch, { mode, preset: { labelSmoothing } }) => pairLoss(model, batch, { mode, labelSmoothing }),
    answer: (model, texts, { preset, ...work }) => writeTexts(model, texts, { ...work, beams: preset.beams }),
    validate: validatePairs,
  });
}

export const translate: TaskRecipe<WriterPreset> = writerRecipe({
  name: "translate",
  title: "English to German, captions of Multi30k",
  unit: "pairs",
  presets: [
    {
      name: "default",
      summary: "A transformer of two blocks on either side, 128 wide, held against BLEU 25 on test2016.",
      defaults: { epochs: 10, batchSize: 64, learningRate: 3e-3 },
      goals: { "test/BLEU": { atLeast: 25 } },
      network: { context: 80, size: 128, layers: 2, heads: 4, hidden: 256, dropout: 0.1, deviation: 0.05 },
      vocabulary: 5000,
      labelSmoothing: 0.1,
      beams: 4,
      warmUpShare: 0.08,
      weightDecay: 0.01,
      beta2: 0.98,
      averageDecay: 0.998,
    },
  ],
  load,
  measure,
});
