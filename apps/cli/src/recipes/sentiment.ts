/** Is a review for or against? A small encoder from scratch, on SST-2. Socher et al. 2013; the encoder of Devlin et al. 2018. */

import { argmax, DataError, equal, type HostTensor, mean, softmax, upload } from "@dl/core";
import { type Tokenizer, type Transform, trainWordPiece } from "@dl/data";
import { type ClassifiedTexts, sst2 } from "@dl/data/node";
import { ConfusionMatrix, classificationReport } from "@dl/metrics";
import { inference } from "@dl/nn";
import { evaluate } from "@dl/train";
import { type EncoderPreset, padTokens, SequenceClassifier } from "@dl/transformer";
import { showDownload } from "../session.ts";
import { hideTokens } from "./hide-tokens.ts";
import { folderOf, type Measured, type ModelPreset, modelRecipe, tokenId } from "./model-recipe.ts";
import { byLength, paddedTexts, type TextBatches, type TextExample, textExample } from "./padded-texts.ts";
import type { TaskContext, TaskRecipe, TaskRun } from "./task-recipe.ts";

export interface SentimentPreset extends ModelPreset {
  readonly encoder: Omit<EncoderPreset, "vocabulary">;
  readonly vocabulary: number;
  /** Rate before the last layer. */
  readonly headDropout: number;
  /** Share of the words of a training sentence that the model does not see. Iyyer et al. 2015, "Deep unordered composition", section 3.2. */
  readonly hiddenShare: number;
}

/** SST-2 as token ids, in three. */
export interface SentimentData {
  readonly tokenizer: Tokenizer;
  readonly classNames: readonly string[];
  readonly train: TextBatches & { readonly transform: readonly Transform<TextExample>[] };
  readonly validation: readonly TextExample[];
  readonly test: readonly TextExample[];
  readonly padId: number;
}

const splits = ["train", "validation", "test"] as const;

/** `tokenizer`: that of a model that is there already; else one is learned from the training sentences. */
export async function loadSentiment(
  { settings }: Pick<TaskRun, "settings">,
  options: { signal: AbortSignal; context: number; hiddenShare: number; tokenizer: Tokenizer | number },
): Promise<SentimentData> {
  const [train, validation, test] = (await Promise.all(
    splits.map((split) => sst2({ split, signal: options.signal, onProgress: showDownload })),
  )) as [ClassifiedTexts, ClassifiedTexts, ClassifiedTexts];
  const tokenizer =
    typeof options.tokenizer === "number" ? trainWordPiece(train.texts, { vocabularySize: options.tokenizer }) : options.tokenizer;
  const padId = tokenId(tokenizer, "[PAD]");
  const examplesOf = ({ texts, labels }: ClassifiedTexts): TextExample[] =>
    texts
      .slice(0, settings.limit ?? texts.length)
      .map((text, i) => textExample(tokenizer.encode(text, { truncation: { maximumLength: options.context } }), labels[i]!));
  return {
    tokenizer,
    classNames: train.classNames,
    train: { ...paddedTexts(examplesOf(train), { padId }), transform: [hideTokens(tokenizer, { share: options.hiddenShare })] },
    validation: examplesOf(validation),
    test: examplesOf(test),
    padId,
  };
}

/** Loss and accuracy of a classifier of texts, with its report by class. */
export async function measureClassifier(
  model: SequenceClassifier,
  examples: readonly TextExample[],
  { device, signal, padId }: TaskContext & { padId: number },
): Promise<{ readonly loss: number; readonly accuracy: number; readonly classification: ReturnType<typeof classificationReport> }> {
  if (examples.length === 0) throw new DataError("measureClassifier: expected texts, got none.");
  const { dataset, collate } = paddedTexts(byLength(examples), { padId });
  const confusion = new ConfusionMatrix({ classes: model.labels.length });
  const { loss, accuracy } = await evaluate({
    ...{ device, signal, dataset, collate, batchSize: 64 },
    step({ ids, mask, segments, labels }) {
      const logits = model.forward({ ids, mask, segments }, inference);
      const predictions = argmax(logits, -1);
      return { loss: model.loss(logits, labels), accuracy: mean(equal(predictions, labels).cast("float32")), predictions };
    },
    onBatch: ({ labels }, { predictions }) => confusion.update({ labels: labels.data, predictions: (predictions as HostTensor).data }),
  });
  return { loss, accuracy, classification: classificationReport(confusion.result(), { names: model.labels }) };
}

/** The likeliest class of each text, with its probability. */
export async function classifyTexts(
  model: SequenceClassifier,
  texts: readonly string[],
  { tokenizer, device }: Pick<TaskContext, "device"> & { tokenizer: Tokenizer },
): Promise<string[]> {
  const { context, padId } = model.encoder.options;
  const batch = padTokens(
    texts.map((text) => tokenizer.encode(text, { truncation: { maximumLength: context } })),
    { padId },
  );
  const { data } = (await device.compute(() => softmax(model.forward(upload(batch), inference)))) as HostTensor;
  const count = model.labels.length;
  return texts.map((_, row) => {
    const own = Array.from(data.slice(row * count, (row + 1) * count));
    const best = own.indexOf(Math.max(...own));
    return `${model.labels[best]!} ${(100 * own[best]!).toFixed(1)} %`;
  });
}

/** Metrics of the test set, F1 of each class among them. */
export function testMetrics({ loss, accuracy, classification }: Awaited<ReturnType<typeof measureClassifier>>): Measured {
  const byClass = Object.fromEntries(classification.classes.map(({ name, f1 }) => [`test/f1 ${name}`, f1]));
  return { metrics: { "test/accuracy": accuracy, "test/loss": loss, ...byClass }, classification };
}

export const sentiment: TaskRecipe<SentimentPreset> = modelRecipe<SentimentPreset, TextExample, SentimentData, SequenceClassifier>({
  name: "sentiment",
  title: "Sentiment of film reviews (SST-2), an encoder from scratch",
  unit: "sentences",
  store: folderOf(SequenceClassifier),
  charted: ["loss", "accuracy"],
  presets: [
    {
      name: "default",
      summary: "One block of BERT's form on 6,920 sentences and nothing else: 80 %.",
      defaults: { epochs: 5, batchSize: 32, learningRate: 1e-3 },
      goals: { "test/accuracy": { atLeast: 0.8 } },
      encoder: { context: 72, size: 128, layers: 1, heads: 4, hidden: 256, segments: 2, dropout: 0.4, attentionDropout: 0.1 },
      vocabulary: 8000,
      headDropout: 0.5,
      hiddenShare: 0.3,
      warmUpShare: 0.1,
      weightDecay: 0.1,
      averageDecay: 0.998,
    },
  ],
  load: (run, { signal, tokenizer = run.preset.vocabulary }) =>
    loadSentiment(run, { signal, tokenizer, context: run.preset.encoder.context, hiddenShare: run.preset.hiddenShare }),
  model({ preset: { encoder, headDropout } }, { data, rng }) {
    const { tokenizer, classNames, padId } = data;
    return new SequenceClassifier({ ...encoder, vocabulary: tokenizer.vocabularySize, padId, labels: classNames, headDropout, rng });
  },
  loss(model, { ids, mask, segments, labels }, { mode }) {
    const logits = model.forward({ ids, mask, segments }, mode);
    return { loss: model.loss(logits, labels), accuracy: mean(equal(argmax(logits, -1), labels).cast("float32")) };
  },
  answer: classifyTexts,
  async validate(model, { data, ...work }) {
    const { loss, accuracy } = await measureClassifier(model, data.validation, { ...work, padId: data.padId });
    return { loss, accuracy };
  },
  async measure(model, { data, ...work }) {
    return testMetrics(await measureClassifier(model, data.test, { ...work, padId: data.padId }));
  },
});
