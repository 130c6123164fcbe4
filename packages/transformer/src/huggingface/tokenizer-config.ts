/** `tokenizer_config.json`: which tokens of a `tokenizer.json` pad, begin, end and hide, so that transformers' AutoTokenizer knows them. */

import type { Tokenizer } from "@dl/data";
import type { JsonObject } from "./config.ts";

/** Roles whose token a model's configuration names by its id. */
const byId = { pad_token: "pad_token_id", bos_token: "bos_token_id", eos_token: "eos_token_id" } as const;
/** Names that stand for roles where nothing else says so: BERT's, then SentencePiece's. */
const byName = {
  unk_token: ["[UNK]", "<unk>"],
  pad_token: ["[PAD]", "<pad>"],
  cls_token: ["[CLS]"],
  sep_token: ["[SEP]"],
  mask_token: ["[MASK]", "<mask>"],
} as const;

/**
 * What `saveFolder` writes beside a `tokenizer.json`.
 *
 * @param config  The model's, as `toConfig` gives it
 */
export function tokenizerConfig(tokenizer: Tokenizer, config: JsonObject): JsonObject {
  const roles: Record<string, string> = {};
  const take = (role: string, token: string | undefined): void => {
    if (token !== undefined && !Object.hasOwn(roles, role)) roles[role] = token;
  };
  const ids = { ...config, ...(config.text_config as JsonObject | undefined) };
  for (const [role, key] of Object.entries(byId)) {
    const value = ids[key];
    const id = Array.isArray(value) ? value[0] : value;
    if (typeof id === "number") take(role, tokenizer.idToToken(id));
  }
  const { post_processor: around } = JSON.parse(tokenizer.toJson()) as {
    post_processor?: { cls?: [string, number]; sep?: [string, number] };
  };
  take("cls_token", around?.cls?.[0]);
  take("sep_token", around?.sep?.[0]);
  for (const [role, names] of Object.entries(byName)) {
    take(
      role,
      names.find((name) => tokenizer.tokenToId(name) !== undefined),
    );
  }
  take("pad_token", tokenizer.padding?.token);
  // The class that takes a tokenizer.json as it is, of whatever model.
  return { tokenizer_class: "PreTrainedTokenizerFast", ...roles };
}
