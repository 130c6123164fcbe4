/** The tokens that end a text: one, or several, as the chat models of Llama 3 have. Grattafiori et al. 2024, arXiv:2407.21783, section 4.1. */

import type { Json } from "@dl/nn";
import type { ModelConfig } from "./huggingface/config.ts";

export interface EndTokens {
  readonly endId?: number | undefined;
  readonly endIds?: readonly number[] | undefined;
}

/** Both, each from the other: `endId` is the first of `endIds`. */
export function endTokens({ endId, endIds = endId === undefined ? [] : [endId] }: EndTokens): {
  endId: number | undefined;
  endIds: readonly number[];
} {
  return { endId: endId ?? endIds[0], endIds };
}

/** `eos_token_id` of a configuration, which is a number or a list. */
export function readEndTokens(config: ModelConfig): { endId?: number; endIds?: readonly number[] } {
  const endIds = config.ids("eos_token_id");
  return endIds.length === 0 ? {} : { endId: endIds[0]!, endIds };
}

/** As a configuration has them: a list only where there are several. */
export function writeEndTokens({ endIds }: { readonly endIds: readonly number[] }): Json {
  return endIds.length > 1 ? [...endIds] : (endIds[0] ?? null);
}
