/** BART: an encoder–decoder pretrained to restore text. Lewis et al. 2019, arXiv:1910.13461. */

import { readEndTokens } from "../end-tokens.ts";
import { type EncoderDecoderFamily, encoderDecoderTable, readCommon, writeCommon } from "../huggingface/encoder-decoder-family.ts";
import type { EncoderDecoderPreset } from "./encoder-decoder.ts";

const form = { activation: "gelu", positions: "learned", embeddingNorm: true, scaleEmbedding: false } as const;
const common = { ...form, vocabulary: 50_265, context: 1024, padId: 1, beginId: 0, endId: 2, startId: 2 };

export const bartBase: EncoderDecoderPreset = { ...common, size: 768, layers: 6, heads: 12, hidden: 3072 };
export const bartLarge: EncoderDecoderPreset = { ...common, size: 1024, layers: 12, heads: 16, hidden: 4096 };

export const bart: EncoderDecoderFamily = {
  table: encoderDecoderTable,
  readOptions: (config) => ({
    ...readCommon(config),
    positions: "learned",
    embeddingNorm: true,
    scaleEmbedding: config.flag("scale_embedding", { otherwise: false }),
    padId: config.id("pad_token_id") ?? 1,
    ...{ endId: 2, ...readEndTokens(config) },
    startId: config.id("decoder_start_token_id") ?? 2,
  }),
  writeOptions: (options) => ({ architectures: ["BartForConditionalGeneration"], model_type: "bart", ...writeCommon(options) }),
};
