/** BERT. Devlin et al. 2018, "Pre-training of deep bidirectional transformers", arXiv:1810.04805. The encoder is in bidirectional-encoder.ts. */

import { activationNames } from "../activation.ts";
import type { EncoderFamily } from "../huggingface/encoder-family.ts";
import type { EncoderPreset } from "./encoder-options.ts";

const uncased = { vocabulary: 30_522, context: 512 } as const;

/** The sizes of the paper, and the small ones of Turc et al. 2019, arXiv:1908.08962. */
export const bertTiny: EncoderPreset = { ...uncased, size: 128, layers: 2, heads: 2 };
export const bertMini: EncoderPreset = { ...uncased, size: 256, layers: 4, heads: 4 };
export const bertSmall: EncoderPreset = { ...uncased, size: 512, layers: 4, heads: 8 };
export const bertBase: EncoderPreset = { ...uncased, size: 768, layers: 12, heads: 12 };
export const bertLarge: EncoderPreset = { ...uncased, size: 1024, layers: 24, heads: 16 };

export const bert: EncoderFamily = {
  type: "bert",
  className: "Bert",
  table: {
    tokens: "embeddings.word_embeddings",
    places: "embeddings.position_embeddings",
    kinds: "embeddings.token_type_embeddings",
    norm: "embeddings.LayerNorm",
    "blocks.#.query": "encoder.layer.#.attention.self.query",
    "blocks.#.key": "encoder.layer.#.attention.self.key",
    "blocks.#.value": "encoder.layer.#.attention.self.value",
    "blocks.#.output": "encoder.layer.#.attention.output.dense",
    "blocks.#.attentionNorm": "encoder.layer.#.attention.output.LayerNorm",
    "blocks.#.expand": "encoder.layer.#.intermediate.dense",
    "blocks.#.contract": "encoder.layer.#.output.dense",
    "blocks.#.feedForwardNorm": "encoder.layer.#.output.LayerNorm",
  },
  heads: {
    sequence: { dense: "bert.pooler.dense", output: "classifier" },
    token: { output: "classifier" },
    span: { output: "qa_outputs" },
    masked: { dense: "cls.predictions.transform.dense", norm: "cls.predictions.transform.LayerNorm", bias: "cls.predictions.bias" },
  },
  sequencePooling: "first",
  sequenceActivation: "tanh",
  maskedActivation: ({ activation }) => activation,
  headDropoutKey: "classifier_dropout",
  readOptions(config) {
    for (const name of ["is_decoder", "add_cross_attention"]) config.only(name, false);
    config.only("position_embedding_type", "absolute");
    const dropout = config.number("hidden_dropout_prob", 0.1);
    return {
      vocabulary: config.count("vocab_size"),
      context: config.count("max_position_embeddings", 512),
      size: config.count("hidden_size"),
      layers: config.layers("num_hidden_layers"),
      heads: config.count("num_attention_heads"),
      hidden: config.count("intermediate_size", 4 * config.count("hidden_size")),
      segments: config.count("type_vocab_size", 2),
      activation: config.choice("hidden_act", { known: activationNames, otherwise: "gelu" }),
      dropout,
      attentionDropout: config.number("attention_probs_dropout_prob", 0.1),
      epsilon: config.number("layer_norm_eps", 1e-12),
      deviation: config.number("initializer_range", 0.02),
      padId: config.id("pad_token_id") ?? 0,
      positions: "from zero",
      alibi: false,
    };
  },
  writeOptions: (options) => ({
    vocab_size: options.vocabulary,
    max_position_embeddings: options.context,
    hidden_size: options.size,
    num_hidden_layers: options.layers,
    num_attention_heads: options.heads,
    intermediate_size: options.hidden,
    type_vocab_size: options.segments,
    hidden_act: options.activation,
    hidden_dropout_prob: options.dropout,
    attention_probs_dropout_prob: options.attentionDropout,
    layer_norm_eps: options.epsilon,
    initializer_range: options.deviation,
    pad_token_id: options.padId,
  }),
};

/**
 * BERT with ALiBi beside its positions, and the mean of all vectors in the place of the first token's, which hears of far words only faintly. A name
 * of ours: transformers has none, and would read one as plain under BERT's own.
 */
export const bertAlibi: EncoderFamily = {
  ...bert,
  type: "bert_alibi",
  className: "BertAlibi",
  prefix: "bert",
  sequencePooling: "mean",
  readOptions: (config) => ({ ...bert.readOptions(config), alibi: true }),
};
