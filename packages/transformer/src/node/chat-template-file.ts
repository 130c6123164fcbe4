/** A model's chat template on disk, where transformers keeps it: `chat_template.jinja`, or inside `tokenizer_config.json`. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CheckpointError } from "@dl/core";
import { ChatTemplate } from "../dialogue/chat-template.ts";
import { type JsonObject, ModelConfig } from "../huggingface/config.ts";

export interface LoadChatTemplateOptions {
  /** Of several templates, such as `tool_use`. Default `default`. */
  name?: string;
}

/**
 * The template by which the model of a folder learned to talk, with the special tokens of its tokenizer.
 *
 * @throws CheckpointError for a folder without one, or without one of that name; DataError for one that is no Jinja.
 * @example no-run
 * const template = await loadChatTemplate("smollm");
 */
export async function loadChatTemplate(folder: string, { name = "default" }: LoadChatTemplateOptions = {}): Promise<ChatTemplate> {
  const file = join(folder, "tokenizer_config.json");
  const settings = await textOf(file);
  const config = settings === undefined ? {} : ModelConfig.parse(settings, { file }).values;
  const own = name === "default" ? "chat_template.jinja" : join("additional_chat_templates", `${name}.jinja`);
  const text = (await textOf(join(folder, own))) ?? namedIn(config, { file, name });
  if (text === undefined) {
    throw new CheckpointError(
      `${folder}: expected a chat template ${name === "default" ? "" : `named ${JSON.stringify(name)} `}in ${own} or tokenizer_config.json, got none: the model did not learn to talk. Write new ChatTemplate(…) for a form of your own.`,
    );
  }
  return new ChatTemplate(text, { specialTokens: specialTokensIn(config) });
}

async function textOf(file: string): Promise<string | undefined> {
  return await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new CheckpointError(`${file}: expected a chat template, got ${error.code ?? error.message}.`);
  });
}

/** One text, or a list of `{ name, template }`. */
function namedIn({ chat_template: given }: JsonObject, { file, name }: { file: string; name: string }): string | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given === "string") return name === "default" ? given : undefined;
  const named = Array.isArray(given) ? (given as readonly JsonObject[]) : undefined;
  if (!named?.every((one) => typeof one?.name === "string" && typeof one.template === "string")) {
    throw new CheckpointError(
      `${file}: expected chat_template to be a text or a list of { name, template }, got ${JSON.stringify(given).slice(0, 80)}.`,
    );
  }
  return named.find((one) => one.name === name)?.template as string | undefined;
}

/** Every `…_token`, as a text or as `{ content }`. */
function specialTokensIn(config: JsonObject): Record<string, string> {
  const tokens: Record<string, string> = {};
  for (const [key, value] of Object.entries(config)) {
    const content = typeof value === "string" ? value : (value as JsonObject | null)?.content;
    if (key.endsWith("_token") && typeof content === "string") tokens[key] = content;
  }
  return tokens;
}
