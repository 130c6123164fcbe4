/** How two nouns are related, where the preposition between them is hidden: an encoder with marked entities. Baldini Soares et al. 2019, arXiv:1906.03158, on Brown. */

import { argmax, DataError, equal, type HostTensor, hostTensor, mean, Rng } from "@dl/core";
import { type Collate, type Example, lengthOrder, padFields, type Tokenizer, trainWordPiece } from "@dl/data";
import { brownCorpus } from "@dl/data/node";
import { ConfusionMatrix, classificationReport } from "@dl/metrics";
import { crossEntropy, inference, type Mode } from "@dl/nn";
import { majorityOf, type RelatedPair, relationNames, relationSet } from "@dl/tooling/task-sets";
import { evaluate, type Tensors } from "@dl/train";
import { type EncoderPreset, markEntities, RelationClassifier } from "@dl/transformer";
import { showDownload } from "../session.ts";
import { readModelState, writeModelState } from "./model-folder.ts";
import { type MeasureOptions, type ModelData, type ModelPreset, modelRecipe, tokenId } from "./model-recipe.ts";
import type { TaskContext, TaskRecipe } from "./task-recipe.ts";
import { wordEncoder } from "./word-tokens.ts";

type PairExample = Example<"ids" | "mask" | "first" | "second" | "labels">;

interface RelationPreset extends ModelPreset {
  readonly encoder: Omit<EncoderPreset, "vocabulary">;
  readonly vocabulary: number;
}

interface RelationData extends ModelData<PairExample> {
  readonly tokenizer: Tokenizer;
  readonly validation: readonly PairExample[];
  readonly test: readonly PairExample[];
  /** Of the test, by the commonest relation of the training set. */
  readonly majority: number;
}

const markers = ["[E1]", "[/E1]", "[E2]", "[/E2]"];

function examplesOf(pairs: readonly RelatedPair[], { tokenizer, context }: { tokenizer: Tokenizer; context: number }): PairExample[] {
  const encode = wordEncoder(tokenizer, { context });
  const [first, second] = [tokenId(tokenizer, "[E1]"), tokenId(tokenizer, "[E2]")];
  return pairs.flatMap((pair) => {
    const { ids } = encode(markEntities(pair.words, pair));
    const places = [ids.indexOf(first), ids.indexOf(second)] as const;
    // Words of many tokens may push the second entity out of the context.
    if (places.includes(-1)) return [];
    return [
      {
        ids: hostTensor(Int32Array.from(ids), [ids.length]),
        mask: { data: new Uint8Array(ids.length).fill(1), shape: [ids.length], dtype: "bool" as const },
        first: hostTensor(Int32Array.of(places[0]), []),
        second: hostTensor(Int32Array.of(places[1]), []),
        labels: hostTensor(Int32Array.of(pair.label), []),
      },
    ];
  });
}

function batchesOf(examples: readonly PairExample[], tokenizer: Tokenizer) {
  const collate: Collate<PairExample> = padFields({ ids: tokenId(tokenizer, "[PAD]"), mask: 0 }, { multipleOf: 4 });
  const dataset = { length: examples.length, get: (index: number) => examples[index]! };
  return { dataset, collate, order: lengthOrder(examples.map(({ ids }) => ids.data.length)) };
}

function logitsOf(model: RelationClassifier, { ids, mask, first, second }: Tensors<PairExample>, mode: Mode) {
  return model.forward({ ids, mask, first, second }, mode);
}

async function accuracyOf(
  model: RelationClassifier,
  examples: readonly PairExample[],
  { tokenizer, device, signal }: TaskContext & { tokenizer: Tokenizer },
) {
  const { dataset, collate } = batchesOf(
    [...examples].sort((a, b) => a.ids.data.length - b.ids.data.length),
    tokenizer,
  );
  const confusion = new ConfusionMatrix({ classes: relationNames.length });
  const { loss, accuracy } = await evaluate({
    ...{ device, signal, dataset, collate, batchSize: 64 },
    step(batch) {
      const logits = logitsOf(model, batch, inference);
      const predictions = argmax(logits, -1);
      const accuracy = mean(equal(predictions, batch.labels).cast("float32"));
      return { loss: crossEntropy(logits, batch.labels), accuracy, predictions };
    },
    onBatch: ({ labels }, { predictions }) => confusion.update({ labels: labels.data, predictions: (predictions as HostTensor).data }),
  });
  return { loss, accuracy, classification: classificationReport(confusion.result(), { names: relationNames }) };
}

async function measure(model: RelationClassifier, { data, ...work }: MeasureOptions<RelationPreset, RelationData>) {
  const { accuracy, loss, classification } = await accuracyOf(model, data.test, { ...work, tokenizer: data.tokenizer });
  const byClass = Object.fromEntries(classification.classes.map(({ name, f1 }) => [`test/f1 ${name}`, f1]));
  const metrics = {
    ...{ "test/accuracy": accuracy, "test/loss": loss, "test/macro f1": classification.macroAverage.f1, ...byClass },
    ...{ "majority's accuracy": data.majority, "gain over the majority": accuracy - data.majority },
  };
  return { metrics, classification };
}

const network = ({ preset, tokenizer, rng }: { preset: RelationPreset; tokenizer: Tokenizer; rng: Rng }): RelationClassifier =>
  new RelationClassifier({
    ...preset.encoder,
    ...{ vocabulary: tokenizer.vocabularySize, padId: tokenId(tokenizer, "[PAD]"), labels: relationNames, rng },
  });

export const relation: TaskRecipe<RelationPreset> = modelRecipe<RelationPreset, PairExample, RelationData, RelationClassifier>({
  name: "relation",
  title: "Relations of nouns in Brown, their preposition hidden",
  unit: "pairs",
  store: {
    write: (model, options) => writeModelState(model, options),
    async read(folder, { preset, tokenizer }) {
      if (tokenizer === undefined) throw new DataError(`${folder}: expected a tokenizer.json beside the model, got none.`);
      return readModelState(network({ preset, tokenizer, rng: new Rng(0) }), folder);
    },
  },
  charted: ["loss", "accuracy"],
  presets: [
    {
      name: "default",
      summary: "Of nine prepositions, which one stood between two marked nouns: an encoder on 10,000 pairs of Brown.",
      defaults: { epochs: 5, batchSize: 32, learningRate: 1e-3 },
      // Twice the majority's accuracy.
      goals: { "gain over the majority": { atLeast: 0.1 } },
      encoder: { context: 64, size: 128, layers: 1, heads: 4, hidden: 256, segments: 0, dropout: 0.3 },
      vocabulary: 8000,
      warmUpShare: 0.1,
      weightDecay: 0.1,
      averageDecay: 0.998,
    },
  ],
  async load({ preset, settings }, { signal, tokenizer: known }) {
    const all = relationSet(await brownCorpus({ signal, onProgress: showDownload }));
    const order = new Rng(settings.seed).fork("split").permutation(all.length);
    const count = Math.min(settings.limit ?? all.length, all.length);
    const part = (from: number, to: number): RelatedPair[] =>
      [...order.subarray(Math.floor(from * count), Math.floor(to * count))].map((i) => all[i]!);
    const [train, validation, test] = [part(0, 0.8), part(0.8, 0.9), part(0.9, 1)];
    const specialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...markers];
    const texts = train.map(({ words }) => words.join(" "));
    const tokenizer = known ?? trainWordPiece(texts, { vocabularySize: preset.vocabulary, specialTokens });
    const cut = (pairs: RelatedPair[]): PairExample[] => examplesOf(pairs, { tokenizer, context: preset.encoder.context });
    const learned = cut(train);
    return {
      tokenizer,
      train: batchesOf(learned, tokenizer),
      validation: cut(validation),
      test: cut(test),
      majority: majorityOf(train, test),
    };
  },
  model: ({ preset }, { data, rng }) => network({ preset, tokenizer: data.tokenizer, rng }),
  loss(model, batch, { mode }) {
    const logits = logitsOf(model, batch, mode);
    return { loss: crossEntropy(logits, batch.labels), accuracy: mean(equal(argmax(logits, -1), batch.labels).cast("float32")) };
  },
  async validate(model, { data, ...work }) {
    const { loss, accuracy } = await accuracyOf(model, data.validation, { ...work, tokenizer: data.tokenizer });
    return { loss, accuracy };
  },
  measure,
});
