/** How a model is meant to write: `generation_config.json` as transformers keeps it, or the same settings in an older `config.json`. */

import { OptionError, type Rng, UnsupportedError } from "@dl/core";
import type { JsonObject, ModelConfig } from "../huggingface/config.ts";
import type { GenerateOptions } from "./generate.ts";
import { renormalized } from "./logits-processors.ts";

/** Options of `generate`, to be spread among one's own: `generate(model, prompts, { newTokens: 64, ...defaults, device })`. */
export type GenerationDefaults = Omit<Partial<GenerateOptions>, "device" | "stop" | "constraint" | "onToken" | "signal">;

export interface GenerationConfigOptions {
  /** An encoder–decoder: what it has read does not count in `max_length`. */
  isEncoderDecoder: boolean;
  /** Draws, where the file says `do_sample`. */
  rng?: Rng | undefined;
}

/** Settings that are not here, and the value with which they do nothing. */
const neutral = {
  ...{ num_beam_groups: 1, diversity_penalty: 0, encoder_repetition_penalty: 1, encoder_no_repeat_ngram_size: 0, guidance_scale: 1 },
  ...{ remove_invalid_values: false, token_healing: false, use_mtp: false },
  ...{ exponential_decay_length_penalty: null, suppress_tokens: null, begin_suppress_tokens: null, sequence_bias: null, top_h: null },
  ...{ penalty_alpha: null, dola_layers: null, constraints: null, force_words_ids: null, watermarking_config: null, max_time: null },
  ...{ stop_strings: null, prompt_lookup_num_tokens: null },
} as const;

/** What changes no text: where memory comes from, what is given back, which tokens the model's own configuration names, too. */
const harmless = new Set([
  ...["use_cache", "cache_implementation", "cache_config", "max_cache_len", "low_memory", "compile_config", "disable_compile"],
  ...["output_attentions", "output_hidden_states", "output_scores", "output_logits", "return_dict_in_generate", "prefill_chunk_size"],
  ...["is_assistant", "num_assistant_tokens", "num_assistant_tokens_schedule", "assistant_confidence_threshold", "assistant_early_exit"],
  ...["assistant_lookbehind", "target_lookbehind", "assistant_ensemble_weight", "max_matching_ngram_size", "speculation_type"],
  ...["continuous_batching_config", "transformers_version", "trust_remote_code", "bos_token_id", "pad_token_id", "decoder_start_token_id"],
]);

const understood = new Set([
  ...["max_length", "max_new_tokens", "min_length", "min_new_tokens", "early_stopping", "do_sample", "num_beams", "temperature"],
  ...["top_k", "top_p", "min_p", "typical_p", "repetition_penalty", "length_penalty", "no_repeat_ngram_size", "bad_words_ids"],
  ...["forced_bos_token_id", "forced_eos_token_id", "num_return_sequences", "eos_token_id", "renormalize_logits"],
  ...["epsilon_cutoff", "eta_cutoff"],
]);

/**
 * The settings of a `generation_config.json`. What `max_length` says of a decoder depends on the prompt, and is left to the caller.
 *
 * @throws UnsupportedError for a setting that would change the text and is not here, OptionError for `do_sample` without an rng.
 * @example
 * const config = new ModelConfig({ eos_token_id: [7, 9], num_beams: 4, no_repeat_ngram_size: 3, max_length: 20 });
 * const defaults = readGenerationConfig(config, { isEncoderDecoder: true });
 * defaults.newTokens; // 19
 */
export function readGenerationConfig(config: ModelConfig, options: GenerationConfigOptions): GenerationDefaults {
  for (const name of Object.keys(config.values)) {
    if (config.has(name) && !name.startsWith("_") && !understood.has(name) && !harmless.has(name) && !Object.hasOwn(neutral, name)) {
      throw new UnsupportedError(`${config.file}: expected settings that are known, got ${JSON.stringify(name)}.`);
    }
  }
  return readGenerationFields(config, options);
}

/** Those of an older file's fields that are settings of generation: what a `generation_config.json` of the same model holds. */
export function generationFields({ values }: ModelConfig): JsonObject {
  const ids = ["bos_token_id", "pad_token_id", "decoder_start_token_id"];
  const isSetting = (name: string): boolean => understood.has(name) || Object.hasOwn(neutral, name) || ids.includes(name);
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== null && isSetting(name)));
}

/** The same settings where they stand among others: in the `config.json` of older files. */
export function readGenerationFields(config: ModelConfig, { isEncoderDecoder, rng }: GenerationConfigOptions): GenerationDefaults {
  for (const [name, value] of Object.entries(neutral)) config.only(name, value);
  const endIds = config.ids("eos_token_id");
  const least = config.number("min_length", 0);
  const size = config.number("no_repeat_ngram_size", 0);
  const penalty = config.number("repetition_penalty", 1);
  // A ban of the end alone would let no text end; transformers leaves it out.
  const words = config.idLists("bad_words_ids").filter((word) => word.length > 1 || !endIds.includes(word[0]!));
  const newTokens = config.has("max_new_tokens")
    ? config.count("max_new_tokens")
    : isEncoderDecoder && config.has("max_length")
      ? // The start token counts.
        config.count("max_length") - 1
      : undefined;
  const begin = config.id("forced_bos_token_id");
  const forcedEndIds = config.ids("forced_eos_token_id");
  const minimumNewTokens = config.number("min_new_tokens", 0);
  return {
    ...(newTokens !== undefined && { newTokens }),
    ...(endIds.length > 0 && { endIds }),
    ...(minimumNewTokens > 0 && { minimumNewTokens }),
    ...(least > 0 && { minimumLength: least }),
    ...(config.flag("renormalize_logits", { otherwise: false }) && { processors: [renormalized] }),
    ...(size > 0 && { noRepeatNgram: size }),
    ...(penalty !== 1 && { repetitionPenalty: penalty }),
    ...(words.length > 0 && { banned: words }),
    // Only a text of one token, as every text of an encoder–decoder is at first, can have a first one forced.
    ...(begin !== undefined && isEncoderDecoder && { forcedFirst: [begin] }),
    ...(forcedEndIds.length > 0 && { forcedLast: forcedEndIds }),
    ...searchOf(config),
    ...samplingOf(config, rng),
  };
}

function searchOf(config: ModelConfig): Pick<GenerationDefaults, "beam"> {
  const beams = config.count("num_beams", 1);
  if (beams === 1) {
    config.only("num_return_sequences", 1);
    return {};
  }
  config.only("do_sample", false);
  const earlyStopping = config.values.early_stopping === "never" ? "never" : config.flag("early_stopping", { otherwise: false });
  const lengthPenalty = config.has("length_penalty") ? Number(config.values.length_penalty) : 1;
  if (!Number.isFinite(lengthPenalty)) throw new OptionError(`${config.file}: expected length_penalty to be a number, got another value.`);
  return { beam: { beams, sequences: config.count("num_return_sequences", 1), lengthPenalty, earlyStopping } };
}

function samplingOf(config: ModelConfig, rng: Rng | undefined): Pick<GenerationDefaults, "sample"> {
  if (!config.flag("do_sample", { otherwise: false })) return {};
  if (rng === undefined) throw new OptionError(`${config.file}: expected an rng for "do_sample", got none. Give { rng }.`);
  const [heat, mass, share, typical] = ["temperature", "top_p", "min_p", "typical_p"].map((name) =>
    config.has(name) ? config.number(name) : undefined,
  );
  // Of what is no share transformers makes nothing.
  const [epsilon, eta] = ["epsilon_cutoff", "eta_cutoff"].map((name) => config.number(name, 0)).map((value) => (value < 1 ? value : 0));
  // Where a file does not say, transformers draws from the 50 likeliest; 0 means all.
  const topK = config.number("top_k", 50);
  return {
    sample: {
      rng,
      ...(heat !== undefined && { temperature: heat }),
      ...(topK > 0 && { topK }),
      ...(mass !== undefined && { topP: mass }),
      ...(share !== undefined && { minP: share }),
      ...(typical !== undefined && { typicalP: typical }),
      ...(epsilon && { epsilonCutoff: epsilon }),
      ...(eta && { etaCutoff: eta }),
    },
  };
}
