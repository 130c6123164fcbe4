/** Vision transformer. Dosovitskiy et al. 2020, "An image is worth 16×16 words", arXiv:2010.11929. */

import { narrow, type Rng, squeeze, type Tensor } from "@dl/core";
import { LayerNorm, type Linear, type Mode, Module } from "@dl/nn";
import { type ActivationName, activationNames } from "../activation.ts";
import { dropIn } from "../drop-in.ts";
import type { ForwardOptions } from "../forward-pass.ts";
import { type JsonObject, labelFields, type ModelConfig } from "../huggingface/config.ts";
import type { HuggingFaceNames, NameTable } from "../huggingface/pretrained.ts";
import { normalLinear } from "../normal-layers.ts";
import { PatchEmbedding } from "../patch-embedding.ts";
import { PreNormBlock, runPreNormBlocks } from "../pre-norm-block.ts";

export interface ViTOptions {
  /** Height and width of the images, which are square. */
  imageSize: number;
  patchSize: number;
  /** Default 3. */
  channels?: number;
  /** Length of a patch's vector. */
  size: number;
  layers: number;
  heads: number;
  /** Width of the feed-forward layers. Default 4 · size. */
  hidden?: number;
  /** Names of the classes, in the order of their logits. */
  labels: readonly string[];
  /** Default `gelu`. */
  activation?: ActivationName;
  /** Rate after embeddings and on what each branch adds. Default 0. */
  dropout?: number;
  /** Default 0. */
  attentionDropout?: number;
  /** Biases of queries, keys and values. Default true. */
  attentionBias?: boolean;
  /** Added to variances. Default 1e-12. */
  epsilon?: number;
  /** Deviation of first weights. Default 0.02. */
  deviation?: number;
  rng: Rng;
}

export type ViTPreset = Omit<ViTOptions, "rng" | "labels">;

export const vitTiny16: ViTPreset = { imageSize: 224, patchSize: 16, size: 192, layers: 12, heads: 3 };
export const vitSmall16: ViTPreset = { imageSize: 224, patchSize: 16, size: 384, layers: 12, heads: 6 };
export const vitBase16: ViTPreset = { imageSize: 224, patchSize: 16, size: 768, layers: 12, heads: 12 };
export const vitLarge16: ViTPreset = { imageSize: 224, patchSize: 16, size: 1024, layers: 24, heads: 16 };
/** For 32×32 images. */
export const vitCifar10: ViTPreset = { imageSize: 32, patchSize: 4, size: 192, layers: 6, heads: 6, hidden: 384, deviation: 0.07 };

const table: NameTable = {
  "embedding.whole": "vit.embeddings.cls_token",
  "embedding.places": "vit.embeddings.position_embeddings",
  "embedding.patches": "vit.embeddings.patch_embeddings.projection",
  "blocks.#.attentionNorm": "vit.encoder.layer.#.layernorm_before",
  "blocks.#.query": "vit.encoder.layer.#.attention.attention.query",
  "blocks.#.key": "vit.encoder.layer.#.attention.attention.key",
  "blocks.#.value": "vit.encoder.layer.#.attention.attention.value",
  "blocks.#.output": "vit.encoder.layer.#.attention.output.dense",
  "blocks.#.feedForwardNorm": "vit.encoder.layer.#.layernorm_after",
  "blocks.#.expand": "vit.encoder.layer.#.intermediate.dense",
  "blocks.#.contract": "vit.encoder.layer.#.output.dense",
  norm: "vit.layernorm",
  output: "classifier",
};

/**
 * Images `[B, S, S, channels]` → logits `[B, labels]`.
 *
 * @example
 * const model = new ViT({ ...vitCifar10, layers: 1, labels: ["cat", "dog"], rng });
 * const logits = model.forward(tensor(rng.normal([1, 32, 32, 3])), inference);
 */
export class ViT extends Module {
  readonly embedding: PatchEmbedding;
  readonly blocks: readonly PreNormBlock[];
  readonly norm: LayerNorm;
  readonly output: Linear;
  readonly options: Required<Omit<ViTOptions, "rng">>;
  readonly huggingFace: HuggingFaceNames = {
    table,
    prefix: "vit",
    head: ["output"],
    // The names that transformers 5 has in memory.
    aliases: [
      [/^(vit\.)?layers\.(\d+)\./, "$1encoder.layer.$2."],
      [/\.attention\.q_proj\./, ".attention.attention.query."],
      [/\.attention\.k_proj\./, ".attention.attention.key."],
      [/\.attention\.v_proj\./, ".attention.attention.value."],
      [/\.attention\.o_proj\./, ".attention.output.dense."],
      [/\.mlp\.fc1\./, ".intermediate.dense."],
      [/\.mlp\.fc2\./, ".output.dense."],
    ],
    leadingOnes: { "embedding.whole": 2, "embedding.places": 1 },
    // Of the bare ViTModel, which classes are not made of.
    ignored: [/^(vit\.)?pooler\./],
  };

  constructor({ rng, ...given }: ViTOptions) {
    super();
    const { imageSize, patchSize, channels = 3, size, layers, heads, hidden = 4 * size, labels, dropout = 0 } = given;
    const { activation = "gelu", attentionDropout = 0, attentionBias = true, epsilon = 1e-12, deviation = 0.02 } = given;
    const block = { size, heads, hidden, activation, epsilon, deviation, dropout, attentionDropout, attentionBias };
    this.embedding = new PatchEmbedding({ imageSize, patchSize, channels, size, bias: true, deviation, rng: rng.fork("embedding") });
    this.blocks = Array.from({ length: layers }, (_, i) => new PreNormBlock(block, rng.fork(`block ${i}`)));
    this.norm = new LayerNorm({ size, epsilon });
    this.output = normalLinear({ inputs: size, outputs: labels.length, deviation, rng: rng.fork("output") });
    this.options = { ...block, imageSize, patchSize, channels, layers, labels };
  }

  /** `[B, 1 + patches, C]`; the first is for the whole image. */
  hidden(images: Tensor, mode: Mode, options: Pick<ForwardOptions, "trace" | "recompute"> = {}): Tensor {
    const x = dropIn(this.embedding.forward(images), { mode, rate: this.options.dropout });
    return this.norm.forward(runPreNormBlocks(this.blocks, x, { mode }, options));
  }

  forward(images: Tensor, mode: Mode, options: Pick<ForwardOptions, "trace" | "recompute"> = {}): Tensor {
    const hidden = this.hidden(images, mode, options);
    return this.output.forward(squeeze(narrow(hidden, 1, { start: 0, size: 1 }), 1));
  }

  static fromConfig(config: ModelConfig, { rng }: { rng: Rng }): ViT {
    config.only("model_type", "vit");
    const size = config.count("hidden_size");
    return new ViT({
      ...{ size, rng, labels: config.labels() },
      imageSize: config.count("image_size", 224),
      patchSize: config.count("patch_size", 16),
      channels: config.count("num_channels", 3),
      layers: config.layers("num_hidden_layers"),
      heads: config.count("num_attention_heads"),
      hidden: config.count("intermediate_size", 4 * size),
      activation: config.choice("hidden_act", { known: activationNames, otherwise: "gelu" }),
      dropout: config.number("hidden_dropout_prob", 0),
      attentionDropout: config.number("attention_probs_dropout_prob", 0),
      attentionBias: config.flag("qkv_bias", { otherwise: true }),
      epsilon: config.number("layer_norm_eps", 1e-12),
      deviation: config.number("initializer_range", 0.02),
    });
  }

  toConfig(): JsonObject {
    const o = this.options;
    return {
      architectures: ["ViTForImageClassification"],
      ...{ model_type: "vit", image_size: o.imageSize, patch_size: o.patchSize, num_channels: o.channels, hidden_size: o.size },
      ...{ num_hidden_layers: o.layers, num_attention_heads: o.heads, intermediate_size: o.hidden, hidden_act: o.activation },
      ...{ hidden_dropout_prob: o.dropout, attention_probs_dropout_prob: o.attentionDropout, qkv_bias: o.attentionBias },
      ...{ layer_norm_eps: o.epsilon, initializer_range: o.deviation, ...labelFields(o.labels) },
    };
  }
}
