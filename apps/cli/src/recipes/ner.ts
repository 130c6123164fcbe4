/** New and rare names in tweets and posts (WNUT-17): an encoder that tags words, beside a BiLSTM. Derczynski et al. 2017; Lample et al. 2016, arXiv:1603.01360, without its CRF. */

import { argmax, type HostTensor, Rng, type Tensor, upload } from "@dl/core";
import { type Tokenizer, trainWordPiece } from "@dl/data";
import { type TaggedSentence, wnut17, wnut17Tags } from "@dl/data/node";
import { type EntityResult, EntityScore, entitiesOf } from "@dl/metrics";
import { Dropout, decayGroups, Embedding, inference, Linear, Lstm, type Mode, Module, WeightAverage } from "@dl/nn";
import { evaluate, fit, type Metrics, type Tensors } from "@dl/train";
import type { RunFolder } from "@dl/train/node";
import { type EncoderPreset, ignoredLabel, padTokens, TokenClassifier, tokenLoss } from "@dl/transformer";
import { loadFolder } from "@dl/transformer/node";
import { showDownload } from "../session.ts";
import { hideTokens } from "./hide-tokens.ts";
import { adamWOf, folderOf, type MeasureOptions, type ModelPreset, modelRecipe, tokenId, tokenizerIn } from "./model-recipe.ts";
import { byLength, paddedTexts, type TextBatches, type TextExample, textExample } from "./padded-texts.ts";
import { PartResults } from "./part-results.ts";
import type { TaskContext, TaskRecipe, TaskRun } from "./task-recipe.ts";
import { wordEncoder } from "./word-tokens.ts";

interface EntityPreset extends ModelPreset {
  readonly encoder: Omit<EncoderPreset, "vocabulary">;
  readonly vocabulary: number;
  /** Share of the tokens of a training sentence that the model does not see: names have to be told from their surroundings. */
  readonly hiddenShare: number;
  readonly lstm: { readonly size: number; readonly dropout: number; readonly learningRate: number };
}

type Run = TaskRun<EntityPreset>;

interface EntityData {
  readonly tokenizer: Tokenizer;
  readonly train: TextBatches & { readonly transform: readonly ReturnType<typeof hideTokens>[] };
  readonly validation: readonly TextExample[];
  readonly test: readonly TextExample[];
  readonly padId: number;
}

/** A tag stands at the first token of its word; the others count for nothing. */
function examplesOf(
  sentences: readonly TaggedSentence[],
  { tokenizer, context }: { tokenizer: Tokenizer; context: number },
): TextExample[] {
  const encode = wordEncoder(tokenizer, { context });
  return sentences.map(({ tokens, tags }) => {
    const { ids, starts } = encode(tokens);
    const labels = ids.map(() => ignoredLabel);
    for (const [word, at] of starts.entries()) labels[at] = wnut17Tags.indexOf(tags[word]!);
    return textExample({ ids }, labels);
  });
}

async function load(
  { preset, settings }: Run,
  { signal, tokenizer: known }: { signal: AbortSignal; tokenizer?: Tokenizer },
): Promise<EntityData> {
  const read = (split: "train" | "validation" | "test") => wnut17({ split, signal, onProgress: showDownload });
  const [train, validation, test] = [await read("train"), await read("validation"), await read("test")];
  const given = settings.inputs?.weights === undefined ? undefined : await tokenizerIn(settings.inputs.weights);
  const texts = train.map(({ tokens }) => tokens.join(" "));
  // Case is kept: it is what tells most names.
  const tokenizer = known ?? given ?? trainWordPiece(texts, { vocabularySize: preset.vocabulary, lowercase: false });
  const padId = tokenId(tokenizer, "[PAD]");
  const cut = (sentences: TaggedSentence[]): TextExample[] =>
    examplesOf(sentences.slice(0, settings.limit ?? sentences.length), { tokenizer, context: preset.encoder.context });
  return {
    ...{ tokenizer, padId, validation: cut(validation), test: cut(test) },
    train: { ...paddedTexts(cut(train), { padId }), transform: [hideTokens(tokenizer, { share: preset.hiddenShare })] },
  };
}

/** Anything that gives logits for tokens. */
type Tagger = (batch: Tensors<TextExample>, mode: Mode) => Tensor;

/** Entities right from end to end and of the right kind. */
async function entityScore(
  tag: Tagger,
  examples: readonly TextExample[],
  { padId, ...work }: TaskContext & { padId: number },
): Promise<EntityResult> {
  const { dataset, collate } = paddedTexts(byLength(examples), { padId });
  const score = new EntityScore();
  await evaluate({
    ...{ device: work.device, signal: work.signal, dataset, collate, batchSize: 64 },
    step: (batch) => ({ predictions: argmax(tag(batch, inference), -1) }),
    onBatch({ labels }, { predictions }) {
      const [rows, time] = labels.shape as readonly [number, number];
      const places = Array.from({ length: rows }, (_, row) =>
        Array.from({ length: time }, (_, t) => row * time + t).filter((at) => labels.data[at] !== ignoredLabel),
      ).filter((row) => row.length > 0);
      const named = ({ data }: HostTensor) => places.map((row) => row.map((at) => wnut17Tags[data[at]!]!));
      score.update({ labels: named(labels), predictions: named(predictions as HostTensor) });
    },
  });
  return score.result();
}

function taggerOf(model: TokenClassifier): Tagger {
  return ({ ids, mask }, mode) => model.forward({ ids, mask }, mode);
}

/** What the encoder is held against: embeddings, a bidirectional LSTM, a tag a token. */
class LstmTagger extends Module {
  readonly tokens: Embedding;
  readonly lstm: Lstm;
  readonly output: Linear;
  readonly drop: Dropout;

  constructor({ vocabulary, size, dropout, rng }: { vocabulary: number; size: number; dropout: number; rng: Rng }) {
    super();
    this.tokens = new Embedding({ count: vocabulary, size, rng: rng.fork("tokens") });
    this.lstm = new Lstm({ inputs: size, size, bidirectional: true, rng: rng.fork("lstm") });
    this.output = new Linear({ inputs: 2 * size, outputs: wnut17Tags.length, rng: rng.fork("output") });
    this.drop = new Dropout({ rate: dropout });
  }

  forward(ids: Tensor, mode: Mode): Tensor {
    const { output } = this.lstm.forward(this.drop.forward(this.tokens.forward(ids), mode), mode);
    return this.output.forward(this.drop.forward(output, mode));
  }
}

/** The BiLSTM, trained on the same examples for as many epochs, with a learning rate of its own. */
async function trainLstm(run: Run, { data, device, signal }: TaskContext & { data: EntityData }): Promise<EntityResult> {
  const { preset, settings } = run;
  const rng = new Rng(settings.seed).fork("lstm");
  using model = new LstmTagger({ ...preset.lstm, vocabulary: data.tokenizer.vocabularySize, rng: rng.fork("init") });
  const { batchSize, epochs } = settings;
  const steps = epochs * Math.ceil(data.train.dataset.length / batchSize);
  using optimizer = adamWOf(decayGroups(model), { ...preset, learningRate: preset.lstm.learningRate, steps });
  using average = preset.averageDecay === undefined ? undefined : new WeightAverage(model, { decay: preset.averageDecay });
  const tag: Tagger = ({ ids }, mode) => model.forward(ids, mode);
  await fit<TextExample>({
    ...{ device, signal, model, optimizer, batchSize, epochs, clipNorm: 1, rng: rng.fork("fit") },
    ...data.train,
    ...(average && { average }),
    step: (batch, mode) => tokenLoss(tag(batch, mode), batch.labels),
  });
  signal.throwIfAborted();
  // Awaited here: the model is freed when this function ends.
  return await entityScore(tag, data.test, { device, signal, padId: data.padId });
}

/** The entities of each text, by kind. */
async function entitiesIn(
  model: TokenClassifier,
  texts: readonly string[],
  { tokenizer, device }: Pick<TaskContext, "device"> & { tokenizer: Tokenizer },
): Promise<string[]> {
  const { context, padId } = model.encoder.options;
  const sentences = texts.map((text) => text.match(/[\p{L}\p{N}@#'’_-]+|[^\s]/gu) ?? []);
  const encode = wordEncoder(tokenizer, { context });
  const rows = sentences.map((words) => encode(words));
  const { ids, mask } = padTokens(rows, { padId });
  const predictions = (await device.compute(() => argmax(model.forward(upload({ ids, mask }), inference), -1))) as HostTensor;
  const time = ids.shape[1]!;
  return rows.map(({ starts }, row) => {
    const tags = starts.map((at) => model.labels[predictions.data[row * time + at]!]!);
    const found = entitiesOf(tags, { scheme: "lenient" }).map(
      ({ type, start, end }) => `${sentences[row]!.slice(start, end).join(" ")} (${type})`,
    );
    return found.length === 0 ? "no entities" : found.join(", ");
  });
}

async function measure(
  model: TokenClassifier,
  { data, run, folder, device, signal }: MeasureOptions<EntityPreset, EntityData> & { folder?: RunFolder },
): Promise<{ metrics: Metrics }> {
  const { micro, types } = await entityScore(taggerOf(model), data.test, { device, signal, padId: data.padId });
  const byType = Object.fromEntries(Object.entries(types).map(([type, { f1 }]) => [`test/f1 ${type}`, f1]));
  const own = { "test/entity f1": micro.f1, "test/precision": micro.precision, "test/recall": micro.recall, ...byType };
  if (folder === undefined) return { metrics: own };
  const parts = await PartResults.open(folder);
  const beside = await parts.part("BiLSTM", async () => {
    const { micro } = await trainLstm(run, { data, device, signal });
    return { f1: micro.f1, precision: micro.precision, recall: micro.recall };
  });
  return { metrics: { ...own, "test/entity f1 of the BiLSTM": beside.f1!, "gain over the BiLSTM": micro.f1 - beside.f1! } };
}

export const ner: TaskRecipe<EntityPreset> = modelRecipe<EntityPreset, TextExample, EntityData, TokenClassifier>({
  name: "ner",
  title: "Named entities in WNUT-17",
  inputs: { weights: "optional" },
  unit: "sentences",
  store: folderOf(TokenClassifier),
  charted: ["loss", "f1"],
  presets: [
    {
      name: "default",
      summary: "An encoder tags words, beside a BiLSTM; with --weights (a run of mlm) it begins pretrained.",
      defaults: { epochs: 12, batchSize: 32, learningRate: 1e-3 },
      goals: { "gain over the BiLSTM": { atLeast: 0 } },
      encoder: { context: 64, size: 128, layers: 1, heads: 8, hidden: 256, dropout: 0.2, alibi: true, deviation: 0.09 },
      vocabulary: 6000,
      hiddenShare: 0.15,
      warmUpShare: 0.1,
      weightDecay: 0.05,
      averageDecay: 0.998,
      lstm: { size: 128, dropout: 0.3, learningRate: 2e-3 },
    },
  ],
  load,
  async model({ preset, settings }, { data: { tokenizer, padId }, rng }) {
    const folder = settings.inputs?.weights;
    if (folder === undefined)
      return new TokenClassifier({ ...preset.encoder, vocabulary: tokenizer.vocabularySize, padId, labels: wnut17Tags, rng });
    const { dropout = 0.1 } = preset.encoder;
    const config = {
      id2label: Object.fromEntries(wnut17Tags.map((tag, id) => [id, tag])),
      hidden_dropout_prob: dropout,
      classifier_dropout: dropout,
    };
    return loadFolder(folder, TokenClassifier, { strict: false, rng, config });
  },
  loss: (model, batch, { mode }) => tokenLoss(taggerOf(model)(batch, mode), batch.labels),
  answer: entitiesIn,
  async validate(model, { data, device, signal }) {
    const { micro } = await entityScore(taggerOf(model), data.validation, { device, signal, padId: data.padId });
    return { f1: micro.f1 };
  },
  measure,
});
