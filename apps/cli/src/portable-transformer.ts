/** A folder of a transformer, as Hugging Face lays it out, as other formats take it: by the architecture that its config names. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError, type Tensor } from "@dl/core";
import type { InputSpec } from "@dl/export";
import { inference, type Module } from "@dl/nn";
import {
  Clip,
  EncoderDecoder,
  Gpt2,
  Llama,
  MaskedLanguageModel,
  QuestionAnswerer,
  SequenceClassifier,
  T5,
  TokenClassifier,
  type TokenInput,
  ViT,
} from "@dl/transformer";
import { loadFolder } from "@dl/transformer/node";
import type { PortableModel } from "./portable-model.ts";

type Portable = Omit<PortableModel, "metadata">;

const ids = { shape: ["batch", "time"], dtype: "int32" } as const;
const mask = { shape: ["batch", "time"], dtype: "bool" } as const;
const written = { shape: ["batch", "written"], dtype: "int32" } as const;

/** A model of one text: ids, and with `isMasked` which of them are real. */
function ofText<M extends Module & { forward(input: TokenInput, mode: typeof inference): Tensor }>(model: M, isMasked: boolean): Portable {
  const inputs: Readonly<Record<string, InputSpec>> = isMasked ? { ids, mask } : { ids };
  return { model, inputs, forward: ({ ids, mask }) => ({ logits: model.forward({ ids: ids!, mask }, inference) }) };
}

/** A model that writes one text from another. */
function ofTexts(model: T5 | EncoderDecoder, context: number): Portable {
  return {
    model,
    inputs: { ids, mask, written },
    forward: ({ ids, mask, written }) => ({
      logits: model.forward({ source: { ids: ids!, mask }, target: { ids: written! } }, inference),
    }),
    largest: { time: context, written: context },
  };
}

const images = (size: number, channels = 3): InputSpec => ({ shape: ["pictures", size, size, channels] });

/** By the end of the architecture's name. */
const architectures: Readonly<Record<string, (folder: string) => Promise<Portable>>> = {
  ForSequenceClassification: async (folder) => ofText(await loadFolder(folder, SequenceClassifier), true),
  ForTokenClassification: async (folder) => ofText(await loadFolder(folder, TokenClassifier), true),
  ForMaskedLM: async (folder) => ofText(await loadFolder(folder, MaskedLanguageModel), true),
  ForQuestionAnswering: async (folder) => {
    const model = await loadFolder(folder, QuestionAnswerer);
    return { model, inputs: { ids, mask }, forward: ({ ids, mask }) => model.forward({ ids: ids!, mask }, inference) };
  },
  GPT2LMHeadModel: async (folder) => ofText(await loadFolder(folder, Gpt2), false),
  LlamaForCausalLM: async (folder) => ofText(await loadFolder(folder, Llama), false),
  // Distances beyond 128 are all of one kind: longer tables only cost room.
  T5ForConditionalGeneration: async (folder) => ofTexts(await loadFolder(folder, T5), 512),
  BartForConditionalGeneration: async (folder) => fromEncoderDecoder(folder),
  MarianMTModel: async (folder) => fromEncoderDecoder(folder),
  ViTForImageClassification: async (folder) => {
    const model = await loadFolder(folder, ViT);
    const { imageSize, channels } = model.options;
    return {
      model,
      inputs: { images: images(imageSize, channels) },
      forward: ({ images }) => ({ logits: model.forward(images!, inference) }),
    };
  },
  CLIPModel: async (folder) => {
    const model = await loadFolder(folder, Clip);
    const { imageSize, channels } = model.vision.options;
    return {
      model,
      inputs: { ids: { ...ids, shape: ["texts", "time"] }, images: images(imageSize, channels) },
      forward: ({ ids, images }) => {
        const { logits, texts, images: pictures } = model.forward({ texts: { ids: ids! }, images: images! }, inference);
        return { logits, textVectors: texts, imageVectors: pictures };
      },
    };
  },
};

async function fromEncoderDecoder(folder: string): Promise<Portable> {
  const model = await loadFolder(folder, EncoderDecoder);
  return ofTexts(model, model.options.context);
}

/** Undefined for a folder without a `config.json`; throws a DataError for an architecture that is none of ours. */
export async function portableTransformer(folder: string): Promise<Portable | undefined> {
  const text = await readFile(join(folder, "config.json"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const name = String((JSON.parse(text) as { architectures?: unknown[] }).architectures?.[0]);
  const end = Object.keys(architectures).find((known) => name.endsWith(known));
  if (end === undefined) {
    throw new DataError(`${folder}: expected an architecture that ends in ${Object.keys(architectures).join(", ")}, got ${name}.`);
  }
  return architectures[end]!(folder);
}
