/** Questions about captions, answered by a span of them: an encoder that points at the first and the last token. Devlin et al. 2018, section 4.2. */

import { DataError, type HostTensor, hostTensor, upload } from "@dl/core";
import { type Collate, type Example, lengthOrder, padFields, type Tokenizer, trainWordPiece } from "@dl/data";
import { multi30k } from "@dl/data/node";
import { Squad } from "@dl/metrics";
import { inference } from "@dl/nn";
import { type AnsweredQuestion, answerByOverlap, questionSet } from "@dl/tooling/task-sets";
import { evaluate, type Tensors } from "@dl/train";
import { answerTokens, bestAnswer, type EncoderPreset, padTokens, QuestionAnswerer, type QuestionWindow, spanLoss } from "@dl/transformer";
import { showDownload } from "../session.ts";
import { folderOf, type MeasureOptions, type ModelData, type ModelPreset, modelRecipe, tokenId } from "./model-recipe.ts";
import type { TaskContext, TaskRecipe } from "./task-recipe.ts";

type SpanExample = Example<"ids" | "mask" | "segments" | "start" | "end">;

interface QuestionPreset extends ModelPreset {
  readonly encoder: Omit<EncoderPreset, "vocabulary">;
  readonly vocabulary: number;
}

interface Asked {
  readonly question: AnsweredQuestion;
  readonly window: QuestionWindow;
  readonly example: SpanExample;
}

interface QuestionData extends ModelData<SpanExample> {
  readonly tokenizer: Tokenizer;
  readonly validation: readonly Asked[];
  readonly test: readonly Asked[];
}

/** Question and passage as one text; those whose answer the context cuts off are left out. */
function ask(questions: readonly AnsweredQuestion[], { tokenizer, context }: { tokenizer: Tokenizer; context: number }): Asked[] {
  return questions.flatMap((question) => {
    const window = tokenizer.encode(question.question, {
      pair: question.passage,
      truncation: { maximumLength: context, strategy: "only-second" },
    });
    const { start, end } = answerTokens(window, question);
    if (start === 0) return [];
    const field = (values: readonly number[]): HostTensor => hostTensor(Int32Array.from(values), [values.length]);
    const example: SpanExample = {
      ids: field(window.ids),
      mask: { data: new Uint8Array(window.ids.length).fill(1), shape: [window.ids.length], dtype: "bool" },
      segments: field(window.typeIds),
      start: hostTensor(Int32Array.of(start), []),
      end: hostTensor(Int32Array.of(end), []),
    };
    return [{ question, window, example }];
  });
}

function batchesOf(examples: readonly SpanExample[], tokenizer: Tokenizer) {
  const collate: Collate<SpanExample> = padFields({ ids: tokenId(tokenizer, "[PAD]"), mask: 0, segments: 0 }, { multipleOf: 4 });
  const dataset = { length: examples.length, get: (index: number) => examples[index]! };
  return { dataset, collate, order: lengthOrder(examples.map(({ ids }) => ids.data.length)) };
}

function spansOf(
  model: QuestionAnswerer,
  { ids, mask, segments }: Omit<Tensors<SpanExample>, "start" | "end">,
  mode: Parameters<QuestionAnswerer["forward"]>[1],
) {
  return model.forward({ ids, mask, segments }, mode);
}

/** Exact match and overlap of the model's answers. */
async function answersOf(
  model: QuestionAnswerer,
  asked: readonly Asked[],
  { tokenizer, device, signal }: TaskContext & { tokenizer: Tokenizer },
) {
  const ordered = [...asked].sort((a, b) => a.window.ids.length - b.window.ids.length);
  const { dataset, collate } = batchesOf(
    ordered.map(({ example }) => example),
    tokenizer,
  );
  const squad = new Squad();
  let at = 0;
  const { loss } = await evaluate({
    ...{ device, signal, dataset, collate, batchSize: 64 },
    step(batch) {
      const logits = spansOf(model, batch, inference);
      return { loss: spanLoss(logits, { start: batch.start, end: batch.end }), ...{ starts: logits.start, ends: logits.end } };
    },
    onBatch({ ids }, { starts, ends }) {
      const [rows, time] = ids.shape as readonly [number, number];
      const row = ({ data }: HostTensor, i: number) => data.subarray(i * time, (i + 1) * time);
      const own = ordered.slice(at, at + rows);
      at += rows;
      const hypotheses = own.map(({ question, window }, i) => {
        const best = bestAnswer([{ window, start: row(starts as HostTensor, i), end: row(ends as HostTensor, i) }], { maximumTokens: 8 });
        return best ? question.passage.slice(best.start, best.end) : "";
      });
      squad.update({ hypotheses, references: own.map(({ question: { passage, start, end } }) => [passage.slice(start, end)]) });
    },
  });
  return { loss, ...squad.result() };
}

/** Answers to texts that begin with a question: `who sings ? A girl sings.` */
async function answerOf(
  model: QuestionAnswerer,
  texts: readonly string[],
  { tokenizer, device }: Pick<TaskContext, "device"> & { tokenizer: Tokenizer },
): Promise<string[]> {
  const { context } = model.encoder.options;
  const answers: string[] = [];
  for (const text of texts) {
    const cut = text.indexOf("?") + 1;
    const [question, passage] = [text.slice(0, cut).trim(), text.slice(cut).trim()];
    if (question === "" || passage === "")
      throw new DataError(`qa: expected a question that ends in ? and a text after it, got ${JSON.stringify(text)}.`);
    const window = tokenizer.encode(question, { pair: passage, truncation: { maximumLength: context, strategy: "only-second" } });
    const { ids, mask, segments } = padTokens([window], { padId: model.encoder.options.padId });
    const { start, end } = (await device.compute(() => ({ ...model.forward(upload({ ids, mask, segments }), inference) }))) as {
      start: HostTensor;
      end: HostTensor;
    };
    const best = bestAnswer([{ window, start: start.data, end: end.data }], { maximumTokens: 8 });
    answers.push(best ? passage.slice(best.start, best.end) : "no answer");
  }
  return answers;
}

async function measure(model: QuestionAnswerer, { data, ...work }: MeasureOptions<QuestionPreset, QuestionData>) {
  const { exactMatch, f1 } = await answersOf(model, data.test, { ...work, tokenizer: data.tokenizer });
  const overlap = new Squad();
  overlap.update({
    hypotheses: data.test.map(({ question }) => answerByOverlap(question)),
    references: data.test.map(({ question: { passage, start, end } }) => [passage.slice(start, end)]),
  });
  const beside = overlap.result();
  return {
    metrics: {
      ...{ "test/exact match": exactMatch, "test/f1": f1 },
      ...{ "exact match by overlap": beside.exactMatch, "f1 by overlap": beside.f1, "gain in f1 over overlap": f1 - beside.f1 },
    },
  };
}

export const qa: TaskRecipe<QuestionPreset> = modelRecipe<QuestionPreset, SpanExample, QuestionData, QuestionAnswerer>({
  name: "qa",
  title: "Questions about captions of Multi30k",
  unit: "questions",
  store: folderOf(QuestionAnswerer),
  charted: ["loss", "f1"],
  presets: [
    {
      name: "default",
      summary: "Two blocks point at the answer: what colour, how many, who; held against lexical overlap.",
      defaults: { epochs: 6, batchSize: 32, learningRate: 1e-3 },
      goals: { "gain in f1 over overlap": { atLeast: 20 } },
      encoder: { context: 96, size: 128, layers: 2, heads: 4, hidden: 256, dropout: 0.1 },
      vocabulary: 5000,
      warmUpShare: 0.1,
      weightDecay: 0.05,
      averageDecay: 0.998,
    },
  ],
  async load({ preset, settings }, { signal, tokenizer: known }) {
    const read = async (split: "train" | "validation" | "test"): Promise<AnsweredQuestion[]> => {
      const pairs = await multi30k({ split, signal, onProgress: showDownload });
      const questions = questionSet(pairs.map(({ english }) => english));
      return questions.slice(0, settings.limit ?? questions.length);
    };
    const [train, validation, test] = [await read("train"), await read("validation"), await read("test")];
    const texts = train.flatMap(({ question, passage }) => [question, passage]);
    const tokenizer = known ?? trainWordPiece(texts, { vocabularySize: preset.vocabulary });
    const cut = (questions: AnsweredQuestion[]): Asked[] => ask(questions, { tokenizer, context: preset.encoder.context });
    const learned = cut(train).map(({ example }) => example);
    return { tokenizer, train: batchesOf(learned, tokenizer), validation: cut(validation), test: cut(test) };
  },
  model({ preset }, { data: { tokenizer }, rng }) {
    return new QuestionAnswerer({ ...preset.encoder, vocabulary: tokenizer.vocabularySize, padId: tokenId(tokenizer, "[PAD]"), rng });
  },
  loss: (model, batch, { mode }) => spanLoss(spansOf(model, batch, mode), { start: batch.start, end: batch.end }),
  answer: answerOf,
  async validate(model, { data, ...work }) {
    const { loss, f1 } = await answersOf(model, data.validation, { ...work, tokenizer: data.tokenizer });
    return { loss, f1 };
  },
  measure,
});
