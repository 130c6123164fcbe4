/** The families of encoders: which there are, and which one a form is of. */

import type { EncoderFamily } from "../huggingface/encoder-family.ts";
import { requireKept } from "../huggingface/kept-options.ts";
import { bert, bertAlibi } from "./bert.ts";
import { distilBert } from "./distilbert.ts";
import { type EncoderPreset, encoderSettings } from "./encoder-options.ts";
import { roberta } from "./roberta.ts";

export const encoderFamilies: readonly EncoderFamily[] = [bert, roberta, distilBert, bertAlibi];

/**
 * The family given, else the one whose form it is: RoBERTa's positions, DistilBERT's lack of segments, ALiBi; else BERT's.
 *
 * @throws OptionError for options that the family's file cannot say.
 */
export function chosenFamily(options: EncoderPreset, family?: EncoderFamily): EncoderFamily {
  const settings = encoderSettings(options);
  const chosen = family ?? familyOfForm(settings);
  requireKept(settings, { file: chosen, where: chosen.className });
  return chosen;
}

function familyOfForm({ alibi, positions, segments }: Required<EncoderPreset>): EncoderFamily {
  if (alibi) return bertAlibi;
  if (positions === "after padding") return roberta;
  return segments === 0 ? distilBert : bert;
}
