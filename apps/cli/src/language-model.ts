/** A decoder of either form from a run's folder, or from any that transformers wrote, with its tokenizer, and how the command line has it write. */

import type { Rng } from "@dl/core";
import type { Tokenizer } from "@dl/data";
import { type GenerationDefaults, Gpt2, Llama, type SamplingOptions } from "@dl/transformer";
import { generationDefaults, loadFolder, loadTokenizer, readConfig } from "@dl/transformer/node";
import { type Arguments, anyNumber, type CommandOption, positiveNumber, UsageError, wholeNumber } from "./command.ts";

export async function loadLanguageModel(folder: string): Promise<{ model: Gpt2 | Llama; tokenizer: Tokenizer }> {
  const config = await readConfig(folder);
  const type = config.choice("model_type", { known: ["gpt2", "llama"] });
  const tokenizer = await loadTokenizer(folder);
  return { model: type === "gpt2" ? await loadFolder(folder, Gpt2) : await loadFolder(folder, Llama), tokenizer };
}

export const samplingOptions: Readonly<Record<"temperature" | "top-k" | "top-p" | "seed", CommandOption>> = {
  temperature: { value: "X", help: "Below 1 surer, above 1 more varied, 0 always the likeliest. Default 0.8." },
  "top-k": { value: "K", help: "Draws from the K likeliest only. Default all." },
  "top-p": { value: "P", help: "Draws from the fewest that have probability P. Default all." },
  seed: { value: "N", help: "Equal seeds write equal texts. Default 1." },
};

/** Undefined for always the likeliest. */
export function samplingOf(args: Arguments, rng: Rng): SamplingOptions | undefined {
  const heat = anyNumber(args, "temperature") ?? 0.8;
  if (heat < 0) throw new UsageError(`--temperature: expected a number ≥ 0, got ${heat}.`);
  if (heat === 0) return undefined;
  const [topK, topP] = [wholeNumber(args, "top-k", { least: 1, otherwise: 0 }), positiveNumber(args, "top-p")];
  if (topP !== undefined && topP > 1) throw new UsageError(`--top-p: expected a number of at most 1, got ${topP}.`);
  return { rng, temperature: heat, ...(topK > 0 && { topK }), ...(topP !== undefined && { topP }) };
}

/** How the folder's model is meant to write; how to draw is the user's to say. */
export async function mannerOf(folder: string, rng: Rng): Promise<GenerationDefaults> {
  const { endIds, repetitionPenalty, noRepeatNgram, banned } = await generationDefaults(folder, { rng });
  return {
    ...(endIds && { endIds }),
    ...(repetitionPenalty !== undefined && { repetitionPenalty }),
    ...(noRepeatNgram !== undefined && { noRepeatNgram }),
    ...(banned && { banned }),
  };
}
