/** Dialogues about captions: a decoder that is told what is to be seen, and answers one question after the other. Ouyang et al. 2022, arXiv:2203.02155: demonstrations; Rajpurkar et al. 2016, arXiv:1606.05250: how answers are measured. */

import { type HostTensor, hostTensor } from "@dl/core";
import { type Collate, type Example, lengthOrder, padFields, type Tokenizer, trainBpe } from "@dl/data";
import { multi30k } from "@dl/data/node";
import { Squad } from "@dl/metrics";
import { inference } from "@dl/nn";
import { answerByOverlap, type CaptionDialogue, dialogueSet } from "@dl/tooling/task-sets";
import { evaluate } from "@dl/train";
import {
  ChatTemplate,
  causalLoss,
  chatMl,
  Dialogue,
  dialogueTokens,
  generate,
  ignoredLabel,
  Llama,
  type LlamaPreset,
} from "@dl/transformer";
import { showDownload } from "../session.ts";
import { folderOf, type MeasureOptions, type ModelData, type ModelPreset, type ModelStore, modelRecipe, tokenId } from "./model-recipe.ts";
import type { TaskContext, TaskRecipe } from "./task-recipe.ts";

type TurnsExample = Example<"ids" | "labels">;

interface DialoguePreset extends ModelPreset {
  readonly network: Omit<LlamaPreset, "vocabulary">;
  readonly vocabulary: number;
}

interface DialogueData extends ModelData<TurnsExample> {
  readonly tokenizer: Tokenizer;
  readonly validation: readonly CaptionDialogue[];
  readonly test: readonly CaptionDialogue[];
}

const template = new ChatTemplate(chatMl);
const [pad, start, end] = ["<|pad|>", "<|im_start|>", "<|im_end|>"] as const;
/** Tokens of an answer at most. */
const answerTokens = 12;

/** Whole dialogues; one that the context does not hold is left out. */
function examplesOf(
  dialogues: readonly CaptionDialogue[],
  { tokenizer, context }: { tokenizer: Tokenizer; context: number },
): TurnsExample[] {
  return dialogues.flatMap(({ messages }) => {
    // The user's turns are learned, too: what captions are is most of what there is to learn.
    const { ids, labels } = dialogueTokens(messages, { template, tokenizer, roles: ["user", "assistant"] });
    if (ids.length > context) return [];
    const field = (values: readonly number[]): HostTensor => hostTensor(Int32Array.from(values), [values.length]);
    return [{ ids: field(ids), labels: field(labels) }];
  });
}

function batchesOf(examples: readonly TurnsExample[], tokenizer: Tokenizer) {
  const collate: Collate<TurnsExample> = padFields({ ids: tokenId(tokenizer, pad), labels: ignoredLabel }, { multipleOf: 8 });
  const dataset = { length: examples.length, get: (index: number) => examples[index]! };
  return { dataset, collate, order: lengthOrder(examples.map(({ ids }) => ids.data.length)) };
}

/** How well each answer fits, given the right ones before it. */
async function answersOf(
  model: Llama,
  dialogues: readonly CaptionDialogue[],
  { tokenizer, device, signal }: TaskContext & { tokenizer: Tokenizer },
) {
  const turns = dialogues.flatMap(({ messages, questions }) =>
    questions.map(({ passage, start, end }, i) => ({
      ids: tokenizer.encode(template.render(messages.slice(0, 2 * i + 1), { addGenerationPrompt: true }), { addSpecialTokens: false }).ids,
      answer: passage.slice(start, end),
    })),
  );
  const fitting = turns.filter(({ ids }) => ids.length + answerTokens <= model.options.context).sort((a, b) => a.ids.length - b.ids.length);
  const squad = new Squad();
  for (let first = 0; first < fitting.length; first += 32) {
    const own = fitting.slice(first, first + 32);
    const prompts = own.map(({ ids }) => ids);
    const written = await generate(model, prompts, { device, signal, newTokens: answerTokens });
    squad.update({ hypotheses: written.map(({ ids }) => tokenizer.decode(ids).trim()), references: own.map(({ answer }) => [answer]) });
  }
  return squad.result();
}

/** What shares most words with the question, as `qa` is held against. */
function overlapOf(dialogues: readonly CaptionDialogue[]) {
  const questions = dialogues.flatMap((dialogue) => dialogue.questions);
  const squad = new Squad();
  squad.update({
    hypotheses: questions.map(answerByOverlap),
    references: questions.map(({ passage, start, end }) => [passage.slice(start, end)]),
  });
  return squad.result();
}

async function measure(model: Llama, { data, ...work }: MeasureOptions<DialoguePreset, DialogueData>) {
  const { exactMatch, f1 } = await answersOf(model, data.test, { ...work, tokenizer: data.tokenizer });
  const beside = overlapOf(data.test);
  return {
    metrics: {
      ...{ "test/exact match": exactMatch, "test/f1": f1 },
      ...{ "exact match by overlap": beside.exactMatch, "f1 by overlap": beside.f1, "gain in f1 over overlap": f1 - beside.f1 },
    },
  };
}

const llama = folderOf(Llama);

/** As transformers keeps a model that talks. */
const store: ModelStore<Llama> = {
  async write(model, options) {
    await options.folder.write("chat_template.jinja", template.text);
    await llama.write(model, options);
  },
  read: llama.read,
};

export const dialogue: TaskRecipe<DialoguePreset> = modelRecipe<DialoguePreset, TurnsExample, DialogueData, Llama>({
  name: "dialogue",
  title: "Dialogues about captions of Multi30k",
  unit: "dialogues",
  store,
  charted: ["loss", "f1"],
  presets: [
    {
      name: "default",
      summary: "A small Llama hears three captions and answers questions in turn, from scratch; held against lexical overlap.",
      defaults: { epochs: 10, batchSize: 16, learningRate: 2e-3 },
      goals: { "gain in f1 over overlap": { atLeast: 20 } },
      network: { context: 192, size: 128, layers: 4, heads: 4, hidden: 344, tied: true, dropout: 0.1, deviation: 0.07 },
      vocabulary: 4000,
      warmUpShare: 0.1,
      weightDecay: 0.05,
      averageDecay: 0.998,
    },
  ],
  async load({ preset, settings }, { signal, tokenizer: known }) {
    const read = async (split: "train" | "validation" | "test"): Promise<CaptionDialogue[]> => {
      const pairs = await multi30k({ split, signal, onProgress: showDownload });
      const dialogues = dialogueSet(pairs.map(({ english }) => english));
      return dialogues.slice(0, settings.limit ?? dialogues.length);
    };
    const [train, validation, test] = [await read("train"), await read("validation"), await read("test")];
    const texts = train.flatMap(({ messages }) => messages.map(({ content }) => content));
    const tokenizer = known ?? trainBpe(texts, { vocabularySize: preset.vocabulary, specialTokens: [pad, start, end] });
    const examples = examplesOf(train, { tokenizer, context: preset.network.context });
    return { tokenizer, train: batchesOf(examples, tokenizer), validation, test };
  },
  model({ preset }, { data: { tokenizer }, rng }) {
    const roles = { endId: tokenId(tokenizer, end), padId: tokenId(tokenizer, pad) };
    return new Llama({ ...preset.network, ...roles, vocabulary: tokenizer.vocabularySize, rng });
  },
  loss: (model, { ids, labels }, { mode }) => causalLoss(model.forward({ ids }, mode), labels),
  /** Each text is a dialogue's first message. */
  async answer(model, texts, { tokenizer, device, signal }) {
    const replies: string[] = [];
    for (const text of texts) {
      const { text: reply } = await new Dialogue({ model, tokenizer, template, device, newTokens: answerTokens }).say(text, { signal });
      replies.push(reply);
    }
    return replies;
  },
  async validate(model, { data, device, signal }) {
    const examples = examplesOf(data.validation, { tokenizer: data.tokenizer, context: model.options.context });
    const { loss } = await evaluate({
      ...{ device, signal, batchSize: 32, ...batchesOf(examples, data.tokenizer) },
      step: ({ ids, labels }) => ({ loss: causalLoss(model.forward({ ids }, inference), labels) }),
    });
    // Writing takes longer than reading: some of them show where it goes.
    const { f1 } = await answersOf(model, data.validation.slice(0, 64), { tokenizer: data.tokenizer, device, signal });
    return { loss, f1 };
  },
  measure,
});
