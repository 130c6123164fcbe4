/** Hiding tokens that the model is to guess: of the chosen ones 80 % become the mask, 10 % another token, 10 % stay. Devlin et al. 2018, section 3.1. */

import { DataError, type HostTensor, hostTensor, OptionError, type Rng } from "@dl/core";
import { ignoredLabel } from "../losses.ts";
import { type EncodedText, type PadOptions, padTokens, type TokenBatch } from "./pad-tokens.ts";

export interface MaskOptions extends PadOptions {
  maskId: number;
  /** Number of token ids, among which another one is drawn. */
  vocabulary: number;
  /** Share of the tokens that are chosen. Default 0.15. */
  share?: number;
  /** All tokens of a word, or none. Default false. */
  wholeWords?: boolean;
  rng: Rng;
}

/** A batch for `MaskedLanguageModel`: `labels` are the chosen tokens, −100 elsewhere. */
export interface MaskedBatch extends TokenBatch {
  readonly labels: HostTensor;
}

/** Special tokens are never chosen; at least one other is, where there is one. */
export function maskTokens(texts: readonly EncodedText[], options: MaskOptions): MaskedBatch {
  const { maskId, vocabulary, share = 0.15, wholeWords = false, rng } = options;
  if (!(share > 0 && share < 1)) throw new OptionError(`maskTokens: expected a share between 0 and 1, got ${share}.`);
  const batch = padTokens(texts, options);
  const [, time] = batch.ids.shape as readonly [number, number];
  const ids = batch.ids.data as Int32Array;
  const labels = new Int32Array(ids.length).fill(ignoredLabel);
  for (const [row, text] of texts.entries()) {
    const units = unitsOf(text, { wholeWords });
    let chosen = units.filter(() => rng.float() < share);
    if (chosen.length === 0 && units.length > 0) chosen = [rng.pick(units)];
    for (const place of chosen.flat()) {
      const at = row * time + place;
      labels[at] = ids[at]!;
      const fate = rng.float();
      if (fate < 0.8) ids[at] = maskId;
      else if (fate < 0.9) ids[at] = rng.integer(0, vocabulary);
    }
  }
  return { ...batch, labels: hostTensor(labels, batch.ids.shape) };
}

/** Places that are chosen together. */
function unitsOf({ ids, specialTokensMask, wordIds }: EncodedText, { wholeWords }: { wholeWords: boolean }): number[][] {
  if (wholeWords && wordIds === undefined) {
    throw new DataError("maskTokens: expected wordIds for whole words, got a text without. Encode with a tokenizer of @dl/data.");
  }
  const units: number[][] = [];
  for (const place of ids.keys()) {
    if (specialTokensMask?.[place] === 1) continue;
    const word = wordIds?.[place] ?? null;
    const goesOn = wholeWords && word !== null && place > 0 && wordIds![place - 1] === word && units.length > 0;
    if (goesOn) units.at(-1)!.push(place);
    else units.push([place]);
  }
  return units;
}
