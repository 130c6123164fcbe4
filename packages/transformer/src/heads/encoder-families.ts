/** The encoders that heads can stand on. */

import type { EncoderFamily } from "../huggingface/encoder-family.ts";
import { bert } from "../models/bert.ts";
import { distilBert } from "../models/distilbert.ts";
import { roberta } from "../models/roberta.ts";

export const encoderFamilies: readonly EncoderFamily[] = [bert, roberta, distilBert];
