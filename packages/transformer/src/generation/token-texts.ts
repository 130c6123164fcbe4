/** What each token of a tokenizer writes: what generation held to a pattern reads. */

import { UnsupportedError } from "@dl/core";
import type { Tokenizer } from "@dl/data";

export interface TokenTextsOptions {
  /** `inside`: behind a prompt, or behind other tokens; `first`: where a text begins. Default `inside`. */
  place?: "inside" | "first";
}

/**
 * The text of each token by its id, for `patternConstraint`. Special tokens write nothing, and are then never chosen.
 *
 * One token alone is not decoded as it is behind others: of Llama's `▁yes` the space is lost, of BERT's `##ly` the hyphens stay. So each is
 * decoded behind another one, of which the text is known.
 *
 * @throws UnsupportedError for a tokenizer whose tokens write something else in another place, as CLIP's do at the end.
 * @example no-run
 * const constraint = patternConstraint(new Pattern(" (yes|no)"), { tokens: tokenTexts(tokenizer) });
 */
export function tokenTexts(tokenizer: Tokenizer, { place = "inside" }: TokenTextsOptions = {}): string[] {
  const special = new Set(tokenizer.addedTokens.filter((token) => token.special).map(({ id }) => id));
  const decode = (...ids: number[]): string => tokenizer.decode(ids, { skipSpecialTokens: false });
  const count = tokenizer.vocabularySize;
  // A byte of SentencePiece would join with the bytes beside it.
  const isByte = (id: number): boolean => /^<0x[0-9A-F]{2}>$/i.test(tokenizer.idToToken(id) ?? "");
  const isWord = (id: number): boolean => !special.has(id) && !isByte(id) && /^[!-~]+$/.test(decode(id));
  let anchor = 0;
  while (anchor < count && !isWord(anchor)) anchor++;
  if (anchor === count) {
    throw new UnsupportedError("tokenTexts: expected a tokenizer with a token of plain letters to decode others behind, got none.");
  }
  const before = decode(anchor);
  const after = decode(anchor, anchor).slice(before.length);
  return Array.from({ length: count }, (_, id) => {
    if (special.has(id) || tokenizer.idToToken(id) === undefined) return "";
    if (place === "first") return decode(id);
    const text = decode(anchor, id).slice(before.length);
    if (decode(anchor, id, anchor) !== before + text + after) {
      throw new UnsupportedError(
        `tokenTexts: expected tokens that write the same wherever they stand, got ${JSON.stringify(tokenizer.idToToken(id))}: ${JSON.stringify(text)} at the end, another text before others.`,
      );
    }
    return text;
  });
}
