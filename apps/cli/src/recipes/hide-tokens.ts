/** Word dropout: a model that sees no word every time leans on none alone. Iyyer et al. 2015, "Deep unordered composition", section 3.2. */

import type { Tokenizer, Transform } from "@dl/data";
import { tokenId } from "./model-recipe.ts";
import type { TextExample } from "./padded-texts.ts";

/** Puts the mask in the place of `share` of the tokens, others each time. */
export function hideTokens(tokenizer: Tokenizer, { share }: { share: number }): Transform<TextExample> {
  const maskId = tokenId(tokenizer, "[MASK]");
  const special = new Set(["[PAD]", "[CLS]", "[SEP]"].map((token) => tokenId(tokenizer, token)));
  return ({ ids }, { rng }) => {
    const [rows, time] = ids.shape as readonly [number, number];
    for (let row = 0; row < rows; row++) {
      const chance = rng(row);
      for (let at = row * time; at < (row + 1) * time; at++) {
        if (!special.has(ids.data[at]!) && chance.float() < share) ids.data[at] = maskId;
      }
    }
  };
}
