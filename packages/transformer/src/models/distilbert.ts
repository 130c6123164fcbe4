/** DistilBERT: half of BERT's layers, no segments, no pooler. Sanh et al. 2019, arXiv:1910.01108. */

import { activationNames } from "../activation.ts";
import type { EncoderFamily } from "../huggingface/encoder-family.ts";
import type { EncoderPreset } from "./encoder-options.ts";

export const distilBertBase: EncoderPreset = { vocabulary: 30_522, context: 512, size: 768, layers: 6, heads: 12, segments: 0 };

export const distilBert: EncoderFamily = {
  type: "distilbert",
  className: "DistilBert",
  table: {
    tokens: "embeddings.word_embeddings",
    places: "embeddings.position_embeddings",
    norm: "embeddings.LayerNorm",
    "blocks.#.query": "transformer.layer.#.attention.q_lin",
    "blocks.#.key": "transformer.layer.#.attention.k_lin",
    "blocks.#.value": "transformer.layer.#.attention.v_lin",
    "blocks.#.output": "transformer.layer.#.attention.out_lin",
    "blocks.#.attentionNorm": "transformer.layer.#.sa_layer_norm",
    "blocks.#.expand": "transformer.layer.#.ffn.lin1",
    "blocks.#.contract": "transformer.layer.#.ffn.lin2",
    "blocks.#.feedForwardNorm": "transformer.layer.#.output_layer_norm",
  },
  heads: {
    sequence: { dense: "pre_classifier", output: "classifier" },
    token: { output: "classifier" },
    span: { output: "qa_outputs" },
    masked: { dense: "vocab_transform", norm: "vocab_layer_norm", bias: "vocab_projector.bias" },
  },
  sequencePooling: "first",
  sequenceActivation: "relu",
  maskedActivation: ({ activation }) => activation,
  headDropoutKey: "seq_classif_dropout",
  spanDropoutKey: "qa_dropout",
  readOptions(config) {
    return {
      vocabulary: config.count("vocab_size"),
      context: config.count("max_position_embeddings", 512),
      size: config.count("dim"),
      layers: config.layers("n_layers"),
      heads: config.count("n_heads"),
      hidden: config.count("hidden_dim", 4 * config.count("dim")),
      segments: 0,
      activation: config.choice("activation", { known: activationNames, otherwise: "gelu" }),
      dropout: config.number("dropout", 0.1),
      attentionDropout: config.number("attention_dropout", 0.1),
      epsilon: 1e-12,
      deviation: config.number("initializer_range", 0.02),
      padId: config.id("pad_token_id") ?? 0,
      positions: "from zero",
      alibi: false,
    };
  },
  writeOptions: (options) => ({
    vocab_size: options.vocabulary,
    max_position_embeddings: options.context,
    dim: options.size,
    n_layers: options.layers,
    n_heads: options.heads,
    hidden_dim: options.hidden,
    activation: options.activation,
    dropout: options.dropout,
    attention_dropout: options.attentionDropout,
    initializer_range: options.deviation,
    pad_token_id: options.padId,
  }),
};
