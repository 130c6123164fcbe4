/** The encoders that heads can stand on. */

import { OptionError } from "@dl/core";
import type { EncoderFamily } from "../huggingface/encoder-family.ts";
import { bert, bertAlibi } from "../models/bert.ts";
import { distilBert } from "../models/distilbert.ts";
import { roberta } from "../models/roberta.ts";

export const encoderFamilies: readonly EncoderFamily[] = [bert, roberta, distilBert, bertAlibi];

/** The family given, else BERT's. @throws OptionError for ALiBi with a family that has none: its file would not say so. */
export function chosenFamily({ alibi = false }: { alibi?: boolean }, family?: EncoderFamily): EncoderFamily {
  const chosen = family ?? (alibi ? bertAlibi : bert);
  if (alibi === (chosen === bertAlibi)) return chosen;
  throw new OptionError(
    `${chosen.className}: expected alibi ${chosen === bertAlibi}, got ${alibi}. Leave out the family, or give the one that fits.`,
  );
}
