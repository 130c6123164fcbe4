/** Brings encodings to one length. Hugging Face tokenizers, `utils/padding.rs`. */

import { OptionError } from "@dl/core";
import { type Encoding, mapEncoding } from "./encoding.ts";
import type { JsonFields } from "./json-fields.ts";

export interface Padding {
  /** What is filled in, such as `tokenizer.tokenToId("[PAD]")`. */
  id: number;
  /** Its text, such as `"[PAD]"`. */
  token: string;
  /** Its type. Default 0. */
  typeId?: number | undefined;
  /** The length of every encoding that is not longer. Default: that of the longest of the batch. */
  length?: number | undefined;
  /** The length is rounded up to a multiple of this. Default 1. */
  multipleOf?: number | undefined;
  /** Which side is filled. Default `"right"`. */
  direction?: "left" | "right" | undefined;
}

export function readPadding(fields: JsonFields): Padding {
  const fixed = fields.object.strategy === "BatchLongest" || !fields.has("strategy") ? undefined : fields.fields("strategy").count("Fixed");
  return {
    id: fields.count("pad_id", 0),
    token: fields.string("pad_token", "[PAD]"),
    typeId: fields.count("pad_type_id", 0),
    length: fixed,
    multipleOf: fields.has("pad_to_multiple_of") ? fields.count("pad_to_multiple_of") : undefined,
    direction: fields.choice("direction", ["Left", "Right"], "Right") === "Left" ? "left" : "right",
  };
}

export function writePadding({ id, token, typeId = 0, length, multipleOf, direction = "right" }: Padding): object {
  return {
    strategy: length === undefined ? "BatchLongest" : { Fixed: length },
    direction: direction === "left" ? "Left" : "Right",
    pad_to_multiple_of: multipleOf ?? null,
    pad_id: id,
    pad_type_id: typeId,
    pad_token: token,
  };
}

/** `encodings`, and what overflowed of them, filled up to one length. */
export function padEncodings(encodings: readonly Encoding[], padding: Padding): Encoding[] {
  const { id, token, typeId = 0, length, multipleOf = 1, direction = "right" } = padding;
  for (const [name, value] of Object.entries({ id, typeId, multipleOf, length: length ?? 0 })) {
    if (!Number.isInteger(value) || value < 0)
      throw new OptionError(`Tokenizer.encode: expected a whole padding.${name} of at least 0, got ${value}.`);
  }
  const longest = length ?? encodings.reduce((most, { ids }) => Math.max(most, ids.length), 0);
  const target = multipleOf > 0 ? Math.ceil(longest / multipleOf) * multipleOf : longest;
  return encodings.map((encoding) =>
    mapEncoding(encoding, (part) => {
      const missing = target - part.ids.length;
      if (missing <= 0) return part;
      const fill = <T>(list: readonly T[], value: T): T[] => {
        const filler = new Array<T>(missing).fill(value);
        return direction === "left" ? [...filler, ...list] : [...list, ...filler];
      };
      return {
        ids: fill(part.ids, id),
        tokens: fill(part.tokens, token),
        typeIds: fill(part.typeIds, typeId),
        attentionMask: fill(part.attentionMask, 0),
        specialTokensMask: fill(part.specialTokensMask, 1),
        offsets: fill<readonly [number, number]>(part.offsets, [0, 0]),
        wordIds: fill<number | null>(part.wordIds, null),
        sequenceIds: fill<number | null>(part.sequenceIds, null),
        overflowing: [],
      };
    }),
  );
}
