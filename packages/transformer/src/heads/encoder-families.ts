/** The encoders that heads can stand on. */

import type { EncoderFamily } from "../huggingface/encoder-family.ts";
import { requireKept } from "../huggingface/kept-options.ts";
import { bert, bertAlibi } from "../models/bert.ts";
import { type EncoderPreset, encoderSettings } from "../models/bidirectional-encoder.ts";
import { distilBert } from "../models/distilbert.ts";
import { roberta } from "../models/roberta.ts";

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
