/** What sets BART and Marian apart in transformers' files. */

import { activationNames } from "../activation.ts";
import { writeEndTokens } from "../end-tokens.ts";
import type { EncoderDecoderPreset, EncoderDecoderSettings } from "../models/encoder-decoder.ts";
import type { JsonObject, ModelConfig } from "./config.ts";
import type { NameTable } from "./pretrained.ts";

export interface EncoderDecoderFamily {
  readonly table: NameTable;
  readOptions(config: ModelConfig): EncoderDecoderPreset;
  writeOptions(options: EncoderDecoderSettings): JsonObject;
}

const halfNames = (half: "encoder" | "decoder"): NameTable => {
  const ours = `${half}.blocks.#`;
  const theirs = `model.${half}.layers.#`;
  const attention = (branch: string, name: string): [string, string][] => [
    ...["query", "key", "value"].map((part): [string, string] => [`${ours}.${branch}.${part}`, `${theirs}.${name}.${part[0]}_proj`]),
    [`${ours}.${branch}.output`, `${theirs}.${name}.out_proj`],
    [`${ours}.${branch}Norm`, `${theirs}.${name}_layer_norm`],
  ];
  return Object.fromEntries([
    ...attention("self", "self_attn"),
    ...(half === "decoder" ? attention("cross", "encoder_attn") : []),
    [`${ours}.expand`, `${theirs}.fc1`],
    [`${ours}.contract`, `${theirs}.fc2`],
    [`${ours}.feedForwardNorm`, `${theirs}.final_layer_norm`],
    [`${half}.places`, `model.${half}.embed_positions`],
    [`${half}.norm`, `model.${half}.layernorm_embedding`],
  ]) as NameTable;
};

export const encoderDecoderTable: NameTable = {
  tokens: "model.shared",
  bias: "final_logits_bias",
  ...halfNames("encoder"),
  ...halfNames("decoder"),
};

/** What both keep under the same keys. */
export function readCommon(config: ModelConfig): EncoderDecoderPreset {
  config.only("is_encoder_decoder", true);
  config.only("tie_word_embeddings", true);
  for (const name of ["encoder_layerdrop", "decoder_layerdrop"]) config.only(name, 0);
  const deviation = config.number("init_std", 0.02);
  return {
    vocabulary: config.count("vocab_size"),
    context: config.count("max_position_embeddings", 1024),
    size: config.count("d_model"),
    layers: config.layers("encoder_layers"),
    decoderLayers: config.layers("decoder_layers"),
    heads: config.count("encoder_attention_heads"),
    decoderHeads: config.count("decoder_attention_heads"),
    hidden: config.count("encoder_ffn_dim"),
    decoderHidden: config.count("decoder_ffn_dim"),
    activation: config.choice("activation_function", { known: activationNames, otherwise: "gelu" }),
    dropout: config.number("dropout", 0.1),
    attentionDropout: config.number("attention_dropout", 0),
    activationDropout: config.number("activation_dropout", 0),
    deviation,
    beginId: config.id("bos_token_id"),
  };
}

export function writeCommon(o: EncoderDecoderSettings): JsonObject {
  return {
    ...{ is_encoder_decoder: true, tie_word_embeddings: true, vocab_size: o.vocabulary, max_position_embeddings: o.context },
    ...{ d_model: o.size, encoder_layers: o.layers, decoder_layers: o.decoderLayers },
    ...{ encoder_attention_heads: o.heads, decoder_attention_heads: o.decoderHeads },
    ...{ encoder_ffn_dim: o.hidden, decoder_ffn_dim: o.decoderHidden, activation_function: o.activation },
    ...{ dropout: o.dropout, attention_dropout: o.attentionDropout, activation_dropout: o.activationDropout },
    ...{ init_std: o.deviation, scale_embedding: o.scaleEmbedding, forced_eos_token_id: null },
    ...{ pad_token_id: o.padId, bos_token_id: o.beginId ?? null, eos_token_id: writeEndTokens(o), decoder_start_token_id: o.startId },
  };
}
