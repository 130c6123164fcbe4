/** What a text becomes: tokens, and beside each what a model or a task may ask about it. Hugging Face tokenizers, `Encoding`. */

/** Lists of one length, one entry a token. */
export interface Encoding {
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
  /** 0 for the first text, 1 for the second of a pair, as the model was trained to see them. */
  readonly typeIds: readonly number[];
  /** 1 for a token, 0 for padding. */
  readonly attentionMask: readonly number[];
  /** 1 for what was added around the texts: `[CLS]`, `[SEP]`, padding. */
  readonly specialTokensMask: readonly number[];
  /** Where in its text the token stands, `[start, end)`; `[0, 0]` for added ones. `text.slice(start, end)` unless asked otherwise. */
  readonly offsets: readonly (readonly [number, number])[];
  /** Which word of its text the token belongs to; `null` for added ones. */
  readonly wordIds: readonly (number | null)[];
  /** Which text the token comes from: 0, or 1 for the second of a pair; `null` for added ones. */
  readonly sequenceIds: readonly (number | null)[];
  /** What truncation cut off, as further encodings that overlap by `stride` tokens. */
  readonly overflowing: readonly Encoding[];
}

/** The lists of an encoding that have an entry a token. */
export const encodingLists = [
  "ids",
  "tokens",
  "typeIds",
  "attentionMask",
  "specialTokensMask",
  "offsets",
  "wordIds",
  "sequenceIds",
] as const;

export const emptyEncoding: Encoding = {
  ids: [],
  tokens: [],
  typeIds: [],
  attentionMask: [],
  specialTokensMask: [],
  offsets: [],
  wordIds: [],
  sequenceIds: [],
  overflowing: [],
};

/** Tokens `start … end` of `encoding`, without what overflowed. */
export function sliceEncoding(encoding: Encoding, start: number, end: number): Encoding {
  return {
    ids: encoding.ids.slice(start, end),
    tokens: encoding.tokens.slice(start, end),
    typeIds: encoding.typeIds.slice(start, end),
    attentionMask: encoding.attentionMask.slice(start, end),
    specialTokensMask: encoding.specialTokensMask.slice(start, end),
    offsets: encoding.offsets.slice(start, end),
    wordIds: encoding.wordIds.slice(start, end),
    sequenceIds: encoding.sequenceIds.slice(start, end),
    overflowing: [],
  };
}

/** `parts` one after the other; what overflowed of one is completed by the others. */
export function joinEncodings(parts: readonly Encoding[]): Encoding {
  return parts.reduce((left, right) => {
    const overflowing: Encoding[] = [];
    for (const cut of left.overflowing) {
      overflowing.push(join(cut, right));
      for (const other of right.overflowing) overflowing.push(join(cut, other));
    }
    for (const other of right.overflowing) overflowing.push(join(left, other));
    return { ...join(left, right), overflowing };
  }, emptyEncoding);
}

function join(left: Encoding, right: Encoding): Encoding {
  return {
    ids: [...left.ids, ...right.ids],
    tokens: [...left.tokens, ...right.tokens],
    typeIds: [...left.typeIds, ...right.typeIds],
    attentionMask: [...left.attentionMask, ...right.attentionMask],
    specialTokensMask: [...left.specialTokensMask, ...right.specialTokensMask],
    offsets: [...left.offsets, ...right.offsets],
    wordIds: [...left.wordIds, ...right.wordIds],
    sequenceIds: [...left.sequenceIds, ...right.sequenceIds],
    overflowing: [],
  };
}

/** `encoding` and what overflowed of it, each changed by `change`. */
export function mapEncoding(encoding: Encoding, change: (encoding: Encoding) => Encoding): Encoding {
  return { ...change(encoding), overflowing: encoding.overflowing.map((cut) => mapEncoding(cut, change)) };
}
