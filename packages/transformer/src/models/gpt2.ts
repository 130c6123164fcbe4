/** GPT-2. Radford et al. 2019, "Language models are unsupervised multitask learners"; as in transformers and nanoGPT. */

import { formatShape, OptionError, type Rng, range, ShapeError, split, type Tensor } from "@dl/core";
import { type Embedding, LayerNorm, type Linear, type Mode, Module } from "@dl/nn";
import { type ActivationName, activationNames, activations } from "../activation.ts";
import { attendHeads, splitHeads } from "../attention-heads.ts";
import { dropIn } from "../drop-in.ts";
import { endTokens, readEndTokens, writeEndTokens } from "../end-tokens.ts";
import { type ForwardOptions, paddingMask, runBlock, type TokenInput, type Trace } from "../forward-pass.ts";
import type { JsonObject, ModelConfig } from "../huggingface/config.ts";
import type { HuggingFaceNames, NameTable } from "../huggingface/pretrained.ts";
import type { CacheShape, LayerMemory } from "../key-value-cache.ts";
import { normalEmbedding, normalLinear } from "../normal-layers.ts";
import { tiedHead, tiedLogits } from "../tied-logits.ts";

export interface Gpt2Options {
  /** Number of token ids. */
  vocabulary: number;
  /** Most tokens the model can see at once. */
  context: number;
  /** Length of a token's vector. */
  size: number;
  layers: number;
  heads: number;
  /** Width of the feed-forward layers. Default 4 · size. */
  hidden?: number;
  /** Default `gelu_new`. */
  activation?: ActivationName;
  /** Scores of attention are divided by √(size / heads). Default true. */
  scaleScores?: boolean;
  /** And by the number of the block, counted from 1. Default false. */
  scaleByBlock?: boolean;
  /** The output layer shares its weights with the embedding. Default true. */
  tied?: boolean;
  /** Rate on what each block adds. Default 0.1. */
  dropout?: number;
  /** Rate on attention weights. Default as `dropout`. */
  attentionDropout?: number;
  /** Rate after the embeddings. Default as `dropout`. */
  embeddingDropout?: number;
  /** Added to variances. Default 1e-5. */
  epsilon?: number;
  /** Deviation of first weights. Default 0.02. */
  deviation?: number;
  /** Default: no token has these roles. */
  beginId?: number | undefined;
  endId?: number | undefined;
  padId?: number | undefined;
  /** All ids that end a text, where there are several. Default `endId` alone. */
  endIds?: readonly number[] | undefined;
  rng: Rng;
}

export type Gpt2Preset = Omit<Gpt2Options, "rng">;

/** The four sizes of the paper's table 2, and nanoGPT's character model for a CPU. */
export const gpt2Small: Gpt2Preset = { vocabulary: 50_257, context: 1024, size: 768, layers: 12, heads: 12, endId: 50_256 };
export const gpt2Medium: Gpt2Preset = { ...gpt2Small, size: 1024, layers: 24, heads: 16 };
export const gpt2Large: Gpt2Preset = { ...gpt2Small, size: 1280, layers: 36, heads: 20 };
export const gpt2ExtraLarge: Gpt2Preset = { ...gpt2Small, size: 1600, layers: 48, heads: 25 };
export const nanoGptShakespeare: Gpt2Preset = { vocabulary: 65, context: 64, size: 128, layers: 4, heads: 4, dropout: 0 };

interface BlockOptions {
  mode: Mode;
  mask: Tensor | undefined;
  memory: LayerMemory | undefined;
  trace: Trace;
}

/** Masked attention of all tokens to those before, through one projection to queries, keys and values. */
class Attention extends Module {
  readonly project: Linear;
  readonly output: Linear;
  readonly heads: number;
  readonly dropout: number;
  readonly attentionDropout: number;
  /** Of the scores, where it is not attention's own. */
  readonly scale: number | undefined;

  constructor(given: Gpt2Options, place: number) {
    super();
    const { size, heads, layers, dropout = 0.1, attentionDropout = dropout, deviation = 0.02, rng } = given;
    const { scaleScores = true, scaleByBlock = false } = given;
    const isUsual = scaleScores && !scaleByBlock;
    this.scale = isUsual ? undefined : (scaleScores ? (size / heads) ** -0.5 : 1) / (scaleByBlock ? place + 1 : 1);
    this.project = normalLinear({ inputs: size, outputs: 3 * size, deviation, rng: rng.fork("project") });
    // Scaled by 1/√(2·layers): residual branches add up. Radford et al. 2019, section 2.3.
    const scaled = deviation / Math.sqrt(2 * layers);
    this.output = normalLinear({ inputs: size, outputs: size, deviation: scaled, rng: rng.fork("output") });
    this.heads = heads;
    this.dropout = dropout;
    this.attentionDropout = attentionDropout;
  }

  /** `[B, T, C]` → `[B, T, C]` */
  forward(x: Tensor, { mode, mask, memory, trace }: BlockOptions): Tensor {
    const [query, key, value] = split(this.project.forward(x), 3, { axis: -1 }).map((part) => splitHeads(part, this.heads)) as [
      Tensor,
      Tensor,
      Tensor,
    ]; // [B, H, T, D] each
    const seen = memory ? memory.extend(key, value) : { key, value };
    const attended = attendHeads(query, seen, {
      ...{ mode, causal: true, mask, scale: this.scale },
      dropout: this.attentionDropout,
      weights: trace.attentions,
    });
    return dropIn(this.output.forward(attended), { mode, rate: this.dropout });
  }
}

class FeedForward extends Module {
  readonly expand: Linear;
  readonly contract: Linear;
  readonly activation: ActivationName;
  readonly dropout: number;

  constructor({ size, hidden = 4 * size, layers, activation = "gelu_new", dropout = 0.1, deviation = 0.02, rng }: Gpt2Options) {
    super();
    const scaled = deviation / Math.sqrt(2 * layers);
    this.expand = normalLinear({ inputs: size, outputs: hidden, deviation, rng: rng.fork("expand") });
    this.contract = normalLinear({ inputs: hidden, outputs: size, deviation: scaled, rng: rng.fork("contract") });
    this.activation = activation;
    this.dropout = dropout;
  }

  forward(x: Tensor, mode: Mode): Tensor {
    const inner = activations[this.activation](this.expand.forward(x)); // [B, T, hidden]
    return dropIn(this.contract.forward(inner), { mode, rate: this.dropout });
  }
}

/** Norms stand before attention and feed-forward, not after. */
class Block extends Module {
  readonly attentionNorm: LayerNorm;
  readonly attention: Attention;
  readonly feedForwardNorm: LayerNorm;
  readonly feedForward: FeedForward;

  constructor(options: Gpt2Options, place: number) {
    super();
    const { size, epsilon = 1e-5, rng } = options;
    this.attentionNorm = new LayerNorm({ size, epsilon });
    this.attention = new Attention({ ...options, rng: rng.fork("attention") }, place);
    this.feedForwardNorm = new LayerNorm({ size, epsilon });
    this.feedForward = new FeedForward({ ...options, rng: rng.fork("feedForward") });
  }

  forward(x: Tensor, options: BlockOptions): Tensor {
    const attended = x.add(this.attention.forward(this.attentionNorm.forward(x), options));
    return attended.add(this.feedForward.forward(this.feedForwardNorm.forward(attended), options.mode));
  }
}

const table: NameTable = {
  tokens: "transformer.wte",
  positions: "transformer.wpe",
  "blocks.#.attentionNorm": "transformer.h.#.ln_1",
  "blocks.#.attention.project": "transformer.h.#.attn.c_attn",
  "blocks.#.attention.output": "transformer.h.#.attn.c_proj",
  "blocks.#.feedForwardNorm": "transformer.h.#.ln_2",
  "blocks.#.feedForward.expand": "transformer.h.#.mlp.c_fc",
  "blocks.#.feedForward.contract": "transformer.h.#.mlp.c_proj",
  norm: "transformer.ln_f",
  output: "lm_head",
};

/**
 * Token ids `[B, T]` → logits `[B, T, vocabulary]` of the token that follows each.
 *
 * @example
 * const model = new Gpt2({ ...nanoGptShakespeare, rng: rng.fork("init") });
 * const logits = await device.compute(() => model.forward({ ids: tensor([[1, 2, 3]], { dtype: "int32" }) }, inference));
 */
export class Gpt2 extends Module {
  readonly tokens: Embedding;
  readonly positions: Embedding;
  readonly blocks: readonly Block[];
  readonly norm: LayerNorm;
  readonly output: Linear | undefined;
  readonly options: Required<Omit<Gpt2Options, "rng" | "endIds">> & { endIds: readonly number[] };
  readonly huggingFace: HuggingFaceNames;

  constructor(given: Gpt2Options) {
    super();
    const { vocabulary, context, size, layers, heads, epsilon = 1e-5, deviation = 0.02, dropout = 0.1, rng } = given;
    if (size % heads !== 0) throw new OptionError(`Gpt2: expected heads that divide size ${size}, got ${heads}.`);
    const { hidden = 4 * size, activation = "gelu_new", attentionDropout = dropout, embeddingDropout = dropout } = given;
    const { beginId, padId, scaleScores = true, scaleByBlock = false, tied = true } = given;
    this.options = {
      ...{ vocabulary, context, size, layers, heads, hidden, activation, epsilon, deviation, scaleScores, scaleByBlock, tied },
      ...{ dropout, attentionDropout, embeddingDropout, beginId, padId, ...endTokens(given) },
    };
    this.tokens = normalEmbedding({ count: vocabulary, size, deviation, rng: rng.fork("tokens") });
    this.positions = normalEmbedding({ count: context, size, deviation, rng: rng.fork("positions") });
    this.blocks = Array.from({ length: layers }, (_, i) => new Block({ ...given, rng: rng.fork(`block ${i}`) }, i));
    this.norm = new LayerNorm({ size, epsilon });
    this.output = tied ? undefined : normalLinear({ inputs: size, outputs: vocabulary, bias: false, deviation, rng: rng.fork("output") });
    this.huggingFace = {
      table,
      prefix: "transformer",
      head: tied ? [] : ["output"],
      // Conv1D of transformers keeps its weights as we do. Files of old versions hold the causal masks.
      untransposed: /^blocks\./,
      ignored: [/\.attn\.(masked_)?bias$/],
      copies: tied ? [tiedHead] : [],
    };
  }

  get cacheShape(): CacheShape {
    const { layers, heads, size } = this.options;
    return { layers, keyHeads: heads, headSize: size / heads };
  }

  /** `[B, T]` → `[B, T, C]`: everything below the output layer. */
  hidden(input: TokenInput, mode: Mode, options: ForwardOptions = {}): Tensor {
    const { cache, trace = {} } = options;
    const { ids, mask, embeddings = this.tokens.forward(ids) } = input;
    const [, time] = embeddings.shape as readonly [number, number, number];
    const past = cache?.length ?? 0;
    if (past + time > this.options.context) {
      throw new ShapeError(
        `Gpt2: expected at most ${this.options.context} tokens, got ${past + time} (ids ${formatShape(ids.shape)}). Shorten the text, or slide over it.`,
      );
    }
    const positions = input.positions ?? range(past + time, { start: past });
    let x = dropIn(embeddings.add(this.positions.forward(positions)), { mode, rate: this.options.embeddingDropout }); // [B, T, C]
    for (const [i, block] of this.blocks.entries()) {
      trace.hiddenStates?.push(x);
      const input = x;
      const work = (): Tensor => block.forward(input, { mode, mask: mask && paddingMask(mask), memory: cache?.layer(i), trace });
      x = runBlock(work, options);
    }
    cache?.advance(time);
    x = this.norm.forward(x);
    trace.hiddenStates?.push(x);
    return x;
  }

  forward(input: TokenInput, mode: Mode, options: ForwardOptions = {}): Tensor {
    return this.logits(this.hidden(input, mode, options));
  }

  /** `[…, C]` → `[…, vocabulary]` */
  logits(hidden: Tensor): Tensor {
    return this.output ? this.output.forward(hidden) : tiedLogits(hidden, this.tokens);
  }

  static fromConfig(config: ModelConfig, { rng }: { rng: Rng }): Gpt2 {
    config.only("model_type", "gpt2");
    config.only("add_cross_attention", false);
    return new Gpt2({
      vocabulary: config.count("vocab_size"),
      context: config.count("n_positions", 1024),
      size: config.count("n_embd"),
      layers: config.layers("n_layer"),
      heads: config.count("n_head"),
      hidden: config.count("n_inner", 4 * config.count("n_embd")),
      activation: config.choice("activation_function", { known: activationNames, otherwise: "gelu_new" }),
      scaleScores: config.flag("scale_attn_weights", { otherwise: true }),
      scaleByBlock: config.flag("scale_attn_by_inverse_layer_idx", { otherwise: false }),
      tied: config.flag("tie_word_embeddings", { otherwise: true }),
      dropout: config.number("resid_pdrop", 0.1),
      attentionDropout: config.number("attn_pdrop", 0.1),
      embeddingDropout: config.number("embd_pdrop", 0.1),
      epsilon: config.number("layer_norm_epsilon", 1e-5),
      deviation: config.number("initializer_range", 0.02),
      beginId: config.id("bos_token_id"),
      ...readEndTokens(config),
      padId: config.id("pad_token_id"),
      rng,
    });
  }

  toConfig(): JsonObject {
    const { vocabulary, context, size, layers, heads, hidden, activation, epsilon, deviation } = this.options;
    const { dropout, attentionDropout, embeddingDropout } = this.options;
    const { beginId = null, padId = null, scaleScores, scaleByBlock, tied } = this.options;
    return {
      architectures: ["GPT2LMHeadModel"],
      model_type: "gpt2",
      ...{ vocab_size: vocabulary, n_positions: context, n_embd: size, n_layer: layers, n_head: heads, n_inner: hidden },
      ...{ activation_function: activation, layer_norm_epsilon: epsilon, initializer_range: deviation },
      ...{ embd_pdrop: embeddingDropout, attn_pdrop: attentionDropout, resid_pdrop: dropout },
      ...{ bos_token_id: beginId, eos_token_id: writeEndTokens(this.options), pad_token_id: padId, tie_word_embeddings: tied },
      ...{ scale_attn_weights: scaleScores, scale_attn_by_inverse_layer_idx: scaleByBlock },
    };
  }
}
