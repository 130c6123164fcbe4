/** How the model of a folder is meant to write: its `generation_config.json`. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CheckpointError, type Rng } from "@dl/core";
import { type GenerationDefaults, generationFields, readGenerationConfig, readGenerationFields } from "../generation/generation-config.ts";
import { type JsonObject, ModelConfig } from "../huggingface/config.ts";
import { readConfig } from "./folder.ts";

const encoderDecoders = ["t5", "bart", "marian"];

/**
 * The settings of `generation_config.json`, or of `config.json` where an older folder has them there, as options of `generate`.
 *
 * @param options.rng  Draws, where the file says `do_sample`
 * @throws CheckpointError for torn files, UnsupportedError for a setting that would change the text and is not here, OptionError for
 * `do_sample` without an rng.
 * @example no-run
 * const defaults = await generationDefaults("opus-mt-en-de");
 * const [text] = await generate(model, [ids], { newTokens: 64, ...defaults, device });
 */
export async function generationDefaults(folder: string, { rng }: { rng?: Rng } = {}): Promise<GenerationDefaults> {
  const config = await readConfig(folder);
  const isEncoderDecoder = config.flag("is_encoder_decoder", { otherwise: encoderDecoders.includes(String(config.values.model_type)) });
  const settings = await readSettings(folder);
  if (settings === undefined) return readGenerationFields(config, { isEncoderDecoder, rng });
  // The model begins with the token its own configuration names.
  const start = config.id("decoder_start_token_id");
  if (start !== undefined) settings.only("decoder_start_token_id", start);
  return readGenerationConfig(settings, { isEncoderDecoder, rng });
}

/**
 * The settings of generation as the folder has them, in `generation_config.json` or, where an older one has none, in `config.json`: what
 * `saveFolder` takes to write them beside the model again.
 *
 * @throws CheckpointError for missing or torn files.
 * @example no-run
 * await saveFolder("mine", model, { generation: await generationSettings("opus-mt-en-de") });
 */
export async function generationSettings(folder: string): Promise<JsonObject> {
  const settings = await readSettings(folder);
  return settings?.values ?? generationFields(await readConfig(folder));
}

async function readSettings(folder: string): Promise<ModelConfig | undefined> {
  const file = join(folder, "generation_config.json");
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new CheckpointError(`${file}: expected settings of generation, got ${error.code ?? error.message}.`);
  });
  return text === undefined ? undefined : ModelConfig.parse(text, { file });
}
