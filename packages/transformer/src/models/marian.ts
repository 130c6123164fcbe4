/** Marian's translation models: the original transformer with another activation. Junczys-Dowmunt et al. 2018, arXiv:1804.00344. */

import { readEndTokens } from "../end-tokens.ts";
import { type EncoderDecoderFamily, encoderDecoderTable, readCommon, writeCommon } from "../huggingface/encoder-decoder-family.ts";
import type { EncoderDecoderPreset } from "./encoder-decoder.ts";

/** The form of the OPUS-MT models; each language pair has its own vocabulary, whose last id is padding. Tiedemann and Thottingal 2020. */
export const opusMt: Omit<EncoderDecoderPreset, "vocabulary" | "padId"> = {
  ...{ context: 512, size: 512, layers: 6, heads: 8, hidden: 2048, activation: "swish", endId: 0 },
};

export const marian: EncoderDecoderFamily = {
  table: encoderDecoderTable,
  readOptions(config) {
    config.only("share_encoder_decoder_embeddings", true);
    const padId = config.id("pad_token_id") ?? 58_100;
    return {
      ...readCommon(config),
      positions: "sinusoidal",
      embeddingNorm: false,
      scaleEmbedding: config.flag("scale_embedding", { otherwise: false }),
      padId,
      ...{ endId: 0, ...readEndTokens(config) },
      startId: config.id("decoder_start_token_id") ?? padId,
    };
  },
  writeOptions: (options) => ({
    ...{ architectures: ["MarianMTModel"], model_type: "marian", ...writeCommon(options) },
    ...{ decoder_vocab_size: options.vocabulary, share_encoder_decoder_embeddings: true },
  }),
};
