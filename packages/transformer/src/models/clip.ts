/** CLIP: texts and images in one space. Radford et al. 2021, "Learning transferable visual models from natural language supervision", arXiv:2103.00020. */

import {
  argmax,
  div,
  equal,
  exp,
  formatShape,
  gather,
  matmul,
  narrow,
  norm,
  OptionError,
  type Rng,
  range,
  type Scalar,
  ShapeError,
  squeeze,
  type Tensor,
  transpose,
} from "@dl/core";
import { crossEntropy, type Embedding, init, LayerNorm, type Linear, type Mode, Module, Parameter } from "@dl/nn";
import { type ActivationName, activationNames } from "../activation.ts";
import { type ForwardOptions, paddingMask, type TokenInput } from "../forward-pass.ts";
import type { JsonObject, ModelConfig } from "../huggingface/config.ts";
import type { HuggingFaceNames, NameTable } from "../huggingface/pretrained.ts";
import { normalEmbedding, normalLinear } from "../normal-layers.ts";
import { PatchEmbedding } from "../patch-embedding.ts";
import { PreNormBlock, runPreNormBlocks } from "../pre-norm-block.ts";

type PassOptions = Pick<ForwardOptions, "trace" | "recompute">;

/** What both halves have. */
export interface ClipHalfOptions {
  /** Length of a token's or patch's vector. */
  size: number;
  layers: number;
  heads: number;
  /** Width of the feed-forward layers. Default 4 · size. */
  hidden?: number;
  /** Default `quick_gelu`. */
  activation?: ActivationName;
  /** On attention weights. Default 0. */
  attentionDropout?: number;
  /** Added to variances. Default 1e-5. */
  epsilon?: number;
  /** Deviation of first weights. Default 0.02. */
  deviation?: number;
}

export interface ClipTextOptions extends ClipHalfOptions {
  /** Number of token ids. */
  vocabulary: number;
  /** Most tokens of a text. */
  context: number;
  /** The id whose first place in a text gives the text's vector. */
  endId: number;
  /** Default: none. */
  beginId?: number | undefined;
  padId?: number | undefined;
}

export interface ClipVisionOptions extends ClipHalfOptions {
  /** Height and width of the images, which are square. */
  imageSize: number;
  patchSize: number;
  /** Default 3. */
  channels?: number;
}

export interface ClipOptions {
  /** Length of the vectors in the common space. */
  projection: number;
  text: ClipTextOptions;
  vision: ClipVisionOptions;
  /** Logarithm of the first scale of the similarities. Default ln(1 / 0.07). */
  logitScale?: number;
  rng: Rng;
}

export type ClipPreset = Omit<ClipOptions, "rng">;

const clipText = { vocabulary: 49_408, context: 77, beginId: 49_406, endId: 49_407, layers: 12 } as const;

export const clipVitB32: ClipPreset = {
  projection: 512,
  text: { ...clipText, size: 512, heads: 8 },
  vision: { imageSize: 224, patchSize: 32, size: 768, layers: 12, heads: 12 },
};
export const clipVitL14: ClipPreset = {
  projection: 768,
  text: { ...clipText, size: 768, heads: 12 },
  vision: { imageSize: 224, patchSize: 14, size: 1024, layers: 24, heads: 16 },
};

function blockOptions({ size, heads, ...rest }: ClipHalfOptions) {
  const { hidden = 4 * size, activation = "quick_gelu" as ActivationName, attentionDropout = 0, epsilon = 1e-5, deviation = 0.02 } = rest;
  return { size, heads, hidden, activation, attentionDropout, epsilon, deviation, dropout: 0, attentionBias: true };
}

function blocksOf(options: ClipHalfOptions, rng: Rng): PreNormBlock[] {
  return Array.from({ length: options.layers }, (_, i) => new PreNormBlock(blockOptions(options), rng.fork(`block ${i}`)));
}

class TextHalf extends Module {
  readonly tokens: Embedding;
  readonly places: Embedding;
  readonly blocks: readonly PreNormBlock[];
  readonly norm: LayerNorm;
  readonly options: ClipTextOptions;

  constructor(options: ClipTextOptions, rng: Rng) {
    super();
    const { vocabulary, context, size, epsilon = 1e-5, deviation = 0.02 } = options;
    this.tokens = normalEmbedding({ count: vocabulary, size, deviation, rng: rng.fork("tokens") });
    this.places = normalEmbedding({ count: context, size, deviation, rng: rng.fork("places") });
    this.blocks = blocksOf(options, rng);
    this.norm = new LayerNorm({ size, epsilon });
    this.options = options;
  }

  /** Ids `[B, T]` → all vectors `[B, T, C]`, and those of the texts `[B, C]`. */
  forward({ ids, mask }: Pick<TokenInput, "ids" | "mask">, mode: Mode, options: PassOptions): { hidden: Tensor; pooled: Tensor } {
    const [batch, time] = ids.shape as readonly [number, number];
    if (time > this.options.context) {
      throw new ShapeError(
        `Clip: expected texts of at most ${this.options.context} tokens, got ids ${formatShape(ids.shape)}. Truncate them.`,
      );
    }
    const x = this.tokens.forward(ids).add(this.places.forward(range(time)));
    const pass = { mode, causal: true, mask: mask && paddingMask(mask) };
    const hidden = this.norm.forward(runPreNormBlocks(this.blocks, x, pass, options));
    // The first of the largest: where the text ends.
    const ends = argmax(equal(ids, this.options.endId).cast("float32"), -1); // [B]
    const rows = range(batch * time, { step: time }).add(ends);
    return { hidden, pooled: gather(hidden.reshape([batch * time, -1]), rows, { axis: 0 }) };
  }
}

class VisionHalf extends Module {
  readonly embedding: PatchEmbedding;
  readonly firstNorm: LayerNorm;
  readonly blocks: readonly PreNormBlock[];
  readonly norm: LayerNorm;
  readonly options: ClipVisionOptions;

  constructor(options: ClipVisionOptions, rng: Rng) {
    super();
    const { imageSize, patchSize, channels = 3, size, epsilon = 1e-5, deviation = 0.02 } = options;
    const patches = { imageSize, patchSize, channels, size, bias: false, deviation };
    this.embedding = new PatchEmbedding({ ...patches, rng: rng.fork("embedding") });
    this.firstNorm = new LayerNorm({ size, epsilon });
    this.blocks = blocksOf(options, rng);
    this.norm = new LayerNorm({ size, epsilon });
    this.options = options;
  }

  /** Images `[B, S, S, channels]` → all vectors `[B, 1 + patches, C]`, and those of the images `[B, C]`. */
  forward(images: Tensor, mode: Mode, options: PassOptions): { hidden: Tensor; pooled: Tensor } {
    const x = runPreNormBlocks(this.blocks, this.firstNorm.forward(this.embedding.forward(images)), { mode }, options);
    return { hidden: x, pooled: this.norm.forward(squeeze(narrow(x, 1, { start: 0, size: 1 }), 1)) };
  }
}

const halfNames = (ours: string, theirs: string): [string, string][] => [
  [`${ours}.blocks.#.attentionNorm`, `${theirs}.encoder.layers.#.layer_norm1`],
  [`${ours}.blocks.#.query`, `${theirs}.encoder.layers.#.self_attn.q_proj`],
  [`${ours}.blocks.#.key`, `${theirs}.encoder.layers.#.self_attn.k_proj`],
  [`${ours}.blocks.#.value`, `${theirs}.encoder.layers.#.self_attn.v_proj`],
  [`${ours}.blocks.#.output`, `${theirs}.encoder.layers.#.self_attn.out_proj`],
  [`${ours}.blocks.#.feedForwardNorm`, `${theirs}.encoder.layers.#.layer_norm2`],
  [`${ours}.blocks.#.expand`, `${theirs}.encoder.layers.#.mlp.fc1`],
  [`${ours}.blocks.#.contract`, `${theirs}.encoder.layers.#.mlp.fc2`],
];

const table: NameTable = {
  ...(Object.fromEntries([...halfNames("text", "text_model"), ...halfNames("vision", "vision_model")]) as NameTable),
  "text.tokens": "text_model.embeddings.token_embedding",
  "text.places": "text_model.embeddings.position_embedding",
  "text.norm": "text_model.final_layer_norm",
  "vision.embedding.whole": "vision_model.embeddings.class_embedding",
  "vision.embedding.places": "vision_model.embeddings.position_embedding.weight",
  "vision.embedding.patches": "vision_model.embeddings.patch_embedding",
  // Misspelt there.
  "vision.firstNorm": "vision_model.pre_layrnorm",
  "vision.norm": "vision_model.post_layernorm",
  textProjection: "text_projection",
  visionProjection: "visual_projection",
  logitScale: "logit_scale",
};

/** Vectors of length 1: a text and an image that belong together point the same way. */
export interface ClipOutput {
  /** `[texts, images]`: similarities, scaled. */
  readonly logits: Tensor;
  /** `[texts, projection]` */
  readonly texts: Tensor;
  /** `[images, projection]` */
  readonly images: Tensor;
}

/**
 * Texts and images → their similarities.
 *
 * @example
 * const half = { size: 32, layers: 1, heads: 2 };
 * const text = { ...half, vocabulary: 50, context: 8, endId: 49 };
 * const model = new Clip({ projection: 16, text, vision: { ...half, imageSize: 16, patchSize: 8 }, rng });
 * const ids = tensor([[1, 2, 49]], { dtype: "int32" });
 * const { logits } = model.forward({ texts: { ids }, images: tensor(rng.normal([1, 16, 16, 3])) }, inference);
 */
export class Clip extends Module {
  readonly text: TextHalf;
  readonly vision: VisionHalf;
  readonly textProjection: Linear;
  readonly visionProjection: Linear;
  /** `[]` */
  readonly logitScale: Parameter;
  readonly options: ClipPreset;
  readonly huggingFace: HuggingFaceNames = { table, prefix: "", ignored: [/position_ids$/] };

  constructor({ rng, ...options }: ClipOptions) {
    super();
    const { projection, text, vision, logitScale = Math.log(1 / 0.07) } = options;
    if (!Number.isInteger(projection) || projection < 1) throw new OptionError(`Clip: expected a whole projection ≥ 1, got ${projection}.`);
    this.text = new TextHalf(text, rng.fork("text"));
    this.vision = new VisionHalf(vision, rng.fork("vision"));
    const project = (inputs: number, name: string): Linear =>
      normalLinear({ inputs, outputs: projection, bias: false, deviation: inputs ** -0.5, rng: rng.fork(name) });
    this.textProjection = project(text.size, "text projection");
    this.visionProjection = project(vision.size, "vision projection");
    this.logitScale = new Parameter(init.constant([], { value: logitScale }));
    this.options = options;
  }

  /** `[B, T]` → vectors of length 1, `[B, projection]`. */
  encodeTexts(texts: Pick<TokenInput, "ids" | "mask">, mode: Mode, options: PassOptions = {}): Tensor {
    return unit(this.textProjection.forward(this.text.forward(texts, mode, options).pooled));
  }

  /** `[B, S, S, channels]` → vectors of length 1, `[B, projection]`. */
  encodeImages(images: Tensor, mode: Mode, options: PassOptions = {}): Tensor {
    return unit(this.visionProjection.forward(this.vision.forward(images, mode, options).pooled));
  }

  forward(
    { texts, images }: { texts: Pick<TokenInput, "ids" | "mask">; images: Tensor },
    mode: Mode,
    options: Pick<ForwardOptions, "recompute"> = {},
  ): ClipOutput {
    const [text, image] = [this.encodeTexts(texts, mode, options), this.encodeImages(images, mode, options)];
    return { logits: matmul(text, image, { transposeB: true }).mul(exp(this.logitScale.value)), texts: text, images: image };
  }

  /** Text i belongs to image i, and to no other of the batch: the mean of both ways to choose. Section 2.3, figure 3. */
  loss(logits: Tensor): Scalar {
    const labels = range(logits.shape[0]!);
    return crossEntropy(logits, labels)
      .add(crossEntropy(transpose(logits), labels))
      .div(2);
  }

  static fromConfig(config: ModelConfig, { rng }: { rng: Rng }): Clip {
    config.only("model_type", "clip");
    const [text, vision] = [config.object("text_config"), config.object("vision_config")];
    return new Clip({
      projection: config.count("projection_dim", 512),
      text: {
        ...readHalf(text, { size: 512, layers: 12, heads: 8 }),
        vocabulary: text.count("vocab_size", 49_408),
        context: text.count("max_position_embeddings", 77),
        // Files of before 2023 say 2 and mean the largest id, the last one of their vocabulary.
        endId: text.id("eos_token_id") === 2 ? text.count("vocab_size", 49_408) - 1 : (text.id("eos_token_id") ?? 49_407),
        beginId: text.id("bos_token_id"),
        padId: text.id("pad_token_id"),
      },
      vision: {
        ...readHalf(vision, { size: 768, layers: 12, heads: 12 }),
        imageSize: vision.count("image_size", 224),
        patchSize: vision.count("patch_size", 32),
        channels: vision.count("num_channels", 3),
      },
      logitScale: config.number("logit_scale_init_value", 2.6592),
      rng,
    });
  }

  toConfig(): JsonObject {
    const { projection, text, vision, logitScale = Math.log(1 / 0.07) } = this.options;
    const { beginId = null, endId, padId = null } = text;
    return {
      ...{ architectures: ["CLIPModel"], model_type: "clip", projection_dim: projection, logit_scale_init_value: logitScale },
      text_config: {
        ...{ model_type: "clip_text_model", ...writeHalf(text), vocab_size: text.vocabulary, max_position_embeddings: text.context },
        ...{ bos_token_id: beginId, eos_token_id: endId, pad_token_id: padId },
      },
      vision_config: {
        ...{ model_type: "clip_vision_model", ...writeHalf(vision), image_size: vision.imageSize, patch_size: vision.patchSize },
        num_channels: vision.channels ?? 3,
      },
    };
  }
}

function readHalf(config: ModelConfig, usual: { size: number; layers: number; heads: number }): ClipHalfOptions {
  const size = config.count("hidden_size", usual.size);
  return {
    size,
    layers: config.layers("num_hidden_layers", usual.layers),
    heads: config.count("num_attention_heads", usual.heads),
    hidden: config.count("intermediate_size", 4 * size),
    activation: config.choice("hidden_act", { known: activationNames, otherwise: "quick_gelu" }),
    attentionDropout: config.number("attention_dropout", 0),
    epsilon: config.number("layer_norm_eps", 1e-5),
    deviation: config.number("initializer_range", 0.02),
  };
}

function writeHalf(options: ClipHalfOptions): JsonObject {
  const { size, heads, hidden, activation, attentionDropout, epsilon, deviation } = blockOptions(options);
  return {
    ...{ hidden_size: size, num_hidden_layers: options.layers, num_attention_heads: heads, intermediate_size: hidden },
    ...{ hidden_act: activation, attention_dropout: attentionDropout, layer_norm_eps: epsilon, initializer_range: deviation },
  };
}

function unit(x: Tensor): Tensor {
  return div(x, norm(x, -1, { keepDims: true }));
}
