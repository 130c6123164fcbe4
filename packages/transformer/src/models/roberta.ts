/** RoBERTa: BERT with positions counted after the padding id, and other heads. Liu et al. 2019, arXiv:1907.11692. */

import type { EncoderFamily } from "../huggingface/encoder-family.ts";
import { bert } from "./bert.ts";
import type { EncoderPreset } from "./encoder-options.ts";

const common = { vocabulary: 50_265, context: 512, segments: 1, epsilon: 1e-5, padId: 1, positions: "after padding" } as const;

export const robertaBase: EncoderPreset = { ...common, size: 768, layers: 12, heads: 12 };
export const robertaLarge: EncoderPreset = { ...common, size: 1024, layers: 24, heads: 16 };

export const roberta: EncoderFamily = {
  type: "roberta",
  className: "Roberta",
  table: bert.table,
  heads: {
    sequence: { dense: "classifier.dense", output: "classifier.out_proj" },
    token: { output: "classifier" },
    span: { output: "qa_outputs" },
    masked: { dense: "lm_head.dense", norm: "lm_head.layer_norm", bias: "lm_head.bias" },
  },
  sequencePooling: "first",
  sequenceActivation: "tanh",
  maskedActivation: () => "gelu",
  headDropoutKey: "classifier_dropout",
  readOptions(config) {
    const padId = config.id("pad_token_id") ?? 1;
    const options = bert.readOptions(config);
    // The file counts the rows of the table, of which padId + 1 are no token's place.
    return { ...options, padId, context: options.context - padId - 1, positions: "after padding" };
  },
  writeOptions: (options) => ({ ...bert.writeOptions(options), max_position_embeddings: options.context + options.padId + 1 }),
};
