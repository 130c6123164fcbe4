/** Llama: rotary positions (or ALiBi's), RMS norms, gated feed-forward, grouped queries. Touvron et al. 2023, arXiv:2302.13971; Grattafiori et al. 2024, arXiv:2407.21783. */

import { formatShape, OptionError, type Rng, range, ShapeError, type Tensor, tensor } from "@dl/core";
import { type Embedding, type Linear, type Mode, Module, RmsNorm } from "@dl/nn";
import { type ActivationName, activationNames, activations } from "../activation.ts";
import { attendHeads, splitHeads } from "../attention-heads.ts";
import { endTokens, readEndTokens, writeEndTokens } from "../end-tokens.ts";
import { type ForwardOptions, paddingMask, runBlock, type TokenInput, type Trace } from "../forward-pass.ts";
import type { JsonObject, ModelConfig } from "../huggingface/config.ts";
import type { HuggingFaceNames, NameTable } from "../huggingface/pretrained.ts";
import { readRope, writeRope } from "../huggingface/rope-fields.ts";
import type { CacheShape, LayerMemory } from "../key-value-cache.ts";
import { linearBiases } from "../linear-biases.ts";
import { normalEmbedding, normalLinear } from "../normal-layers.ts";
import { type RotaryScaling, type Rotation, rotate, rotationOf } from "../rotary-positions.ts";
import { tiedHead, tiedLogits } from "../tied-logits.ts";

export interface LlamaOptions {
  /** Number of token ids. */
  vocabulary: number;
  /** Most tokens the model is made for. */
  context: number;
  /** Length of a token's vector. */
  size: number;
  layers: number;
  heads: number;
  /** Heads of keys and values; each serves heads / keyHeads queries. Default `heads`. */
  keyHeads?: number;
  /** Default size / heads. */
  headSize?: number;
  /** Width of the feed-forward layers. */
  hidden: number;
  /** Of the gate. Default `silu`. */
  activation?: ActivationName;
  /**
   * Keys and queries turned by their place, or, with `alibi`, attention that falls with the distance, which longer texts than those of
   * training stand better. Press et al. 2021, arXiv:2108.12409. Default `rotary`.
   */
  positions?: "rotary" | "alibi";
  /** Slowest rotation: one turn in 2π · base tokens. Default 10,000. */
  ropeBase?: number;
  /** How longer contexts than the one trained on are met. Default none. */
  ropeScaling?: RotaryScaling | undefined;
  /** Biases in the attention's projections. Default false. */
  attentionBias?: boolean;
  /** Biases in the feed-forward layers. Default false. */
  feedForwardBias?: boolean;
  /** The output layer shares its weights with the embedding. Default false. */
  tied?: boolean;
  /** Rate on attention weights. Default 0. */
  dropout?: number;
  /** Added to mean squares. Default 1e-6. */
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

export type LlamaPreset = Omit<LlamaOptions, "rng">;

const llama3 = { vocabulary: 128_256, ropeBase: 500_000, keyHeads: 8, epsilon: 1e-5, beginId: 128_000, endId: 128_001 } as const;
const llama3Scaling = { kind: "llama3", factor: 32, lowFactor: 1, highFactor: 4, originalContext: 8192 } as const;

export const llama2_7b: LlamaPreset = {
  vocabulary: 32_000,
  context: 4096,
  size: 4096,
  layers: 32,
  heads: 32,
  hidden: 11_008,
  epsilon: 1e-5,
};
export const llama32_1b: LlamaPreset = {
  ...llama3,
  ...{ context: 131_072, size: 2048, layers: 16, heads: 32, hidden: 8192, tied: true, ropeScaling: llama3Scaling },
};
/** Enough to write simple stories. Eldan and Li 2023, arXiv:2305.07759; Karpathy's stories15M. */
export const llamaStories15m: LlamaPreset = { vocabulary: 32_000, context: 256, size: 288, layers: 6, heads: 6, hidden: 768, tied: true };

type Settled = Required<Omit<LlamaPreset, "endIds">> & { endIds: readonly number[] };

interface BlockOptions {
  mode: Mode;
  mask: Tensor | undefined;
  /** Of rotary positions. */
  rotation: Rotation | undefined;
  /** `[1, H, 1, S]`, of ALiBi. */
  bias: Tensor | undefined;
  memory: LayerMemory | undefined;
  trace: Trace;
}

class Attention extends Module {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
  readonly settings: Settled;

  constructor(settings: Settled, rng: Rng) {
    super();
    const { size, heads, keyHeads, headSize, attentionBias: bias, deviation } = settings;
    const layer = (name: string, inputs: number, outputs: number): Linear =>
      normalLinear({ inputs, outputs, bias, deviation, rng: rng.fork(name) });
    this.query = layer("query", size, heads * headSize);
    this.key = layer("key", size, keyHeads * headSize);
    this.value = layer("value", size, keyHeads * headSize);
    this.output = layer("output", heads * headSize, size);
    this.settings = settings;
  }

  /** `[B, T, C]` → `[B, T, C]` */
  forward(x: Tensor, { mode, mask, rotation, bias, memory, trace }: BlockOptions): Tensor {
    const { heads, keyHeads, dropout } = this.settings;
    const placed = (part: Tensor): Tensor => (rotation ? rotate(part, rotation) : part);
    const query = placed(splitHeads(this.query.forward(x), heads)); // [B, H, T, D]
    const key = placed(splitHeads(this.key.forward(x), keyHeads)); // [B, K, T, D]
    const value = splitHeads(this.value.forward(x), keyHeads); // [B, K, T, D]
    const seen = memory ? memory.extend(key, value) : { key, value };
    return this.output.forward(attendHeads(query, seen, { mode, causal: true, mask, bias, dropout, weights: trace.attentions }));
  }
}

/** SwiGLU, or its kin with another activation. Shazeer 2020, arXiv:2002.05202. */
class FeedForward extends Module {
  readonly gate: Linear;
  readonly expand: Linear;
  readonly contract: Linear;
  readonly activation: ActivationName;

  constructor({ size, hidden, feedForwardBias: bias, deviation, activation }: Settled, rng: Rng) {
    super();
    this.activation = activation;
    this.gate = normalLinear({ inputs: size, outputs: hidden, bias, deviation, rng: rng.fork("gate") });
    this.expand = normalLinear({ inputs: size, outputs: hidden, bias, deviation, rng: rng.fork("expand") });
    this.contract = normalLinear({ inputs: hidden, outputs: size, bias, deviation, rng: rng.fork("contract") });
  }

  forward(x: Tensor): Tensor {
    return this.contract.forward(activations[this.activation](this.gate.forward(x)).mul(this.expand.forward(x)));
  }
}

class Block extends Module {
  readonly attentionNorm: RmsNorm;
  readonly attention: Attention;
  readonly feedForwardNorm: RmsNorm;
  readonly feedForward: FeedForward;

  constructor(settings: Settled, rng: Rng) {
    super();
    const { size, epsilon } = settings;
    this.attentionNorm = new RmsNorm({ size, epsilon });
    this.attention = new Attention(settings, rng.fork("attention"));
    this.feedForwardNorm = new RmsNorm({ size, epsilon });
    this.feedForward = new FeedForward(settings, rng.fork("feedForward"));
  }

  forward(x: Tensor, options: BlockOptions): Tensor {
    const attended = x.add(this.attention.forward(this.attentionNorm.forward(x), options));
    return attended.add(this.feedForward.forward(this.feedForwardNorm.forward(attended)));
  }
}

/** A name of ours: transformers has no Llama with ALiBi, and would read one as rotary under Llama's own. */
const alibiType = "llama_alibi";

const table: NameTable = {
  tokens: "model.embed_tokens",
  "blocks.#.attentionNorm": "model.layers.#.input_layernorm",
  "blocks.#.attention.query": "model.layers.#.self_attn.q_proj",
  "blocks.#.attention.key": "model.layers.#.self_attn.k_proj",
  "blocks.#.attention.value": "model.layers.#.self_attn.v_proj",
  "blocks.#.attention.output": "model.layers.#.self_attn.o_proj",
  "blocks.#.feedForwardNorm": "model.layers.#.post_attention_layernorm",
  "blocks.#.feedForward.gate": "model.layers.#.mlp.gate_proj",
  "blocks.#.feedForward.expand": "model.layers.#.mlp.up_proj",
  "blocks.#.feedForward.contract": "model.layers.#.mlp.down_proj",
  norm: "model.norm",
  output: "lm_head",
};

/**
 * Token ids `[B, T]` → logits `[B, T, vocabulary]` of the token that follows each.
 *
 * @example
 * const model = new Llama({ ...llamaStories15m, layers: 1, vocabulary: 100, rng });
 * const logits = model.forward({ ids: tensor([[1, 2, 3]], { dtype: "int32" }) }, inference);
 */
export class Llama extends Module {
  readonly tokens: Embedding;
  readonly blocks: readonly Block[];
  readonly norm: RmsNorm;
  readonly output: Linear | undefined;
  readonly options: Settled;
  readonly huggingFace: HuggingFaceNames;

  constructor({ rng, ...given }: LlamaOptions) {
    super();
    const { size, heads, keyHeads = heads, headSize = size / heads, tied = false, vocabulary } = given;
    if (!Number.isInteger(headSize) || headSize % 2 !== 0 || heads % keyHeads !== 0) {
      throw new OptionError(
        `Llama: expected an even headSize, and keyHeads that divide heads, got ${headSize}, and ${keyHeads} of ${heads}.`,
      );
    }
    const settings: Settled = {
      ...{ ropeBase: 10_000, attentionBias: false, feedForwardBias: false, dropout: 0, epsilon: 1e-6, deviation: 0.02 },
      ...{ activation: "silu", positions: "rotary", ropeScaling: undefined, beginId: undefined, padId: undefined },
      ...given,
      ...{ keyHeads, headSize, tied, ...endTokens(given) },
    };
    const { deviation, epsilon, layers, padId } = settings;
    this.tokens = normalEmbedding({ count: vocabulary, size, deviation, padId, rng: rng.fork("tokens") });
    this.blocks = Array.from({ length: layers }, (_, i) => new Block(settings, rng.fork(`block ${i}`)));
    this.norm = new RmsNorm({ size, epsilon });
    this.output = tied ? undefined : normalLinear({ inputs: size, outputs: vocabulary, bias: false, deviation, rng: rng.fork("output") });
    this.options = settings;
    // Old files hold the frequencies; a tied head may be written twice.
    const [head, copies] = tied ? [[], [tiedHead]] : [["output"], []];
    this.huggingFace = { table, prefix: "model", head, copies, ignored: [/rotary_emb\.inv_freq$/] };
  }

  get cacheShape(): CacheShape {
    const { layers, keyHeads, headSize } = this.options;
    return { layers, keyHeads, headSize };
  }

  /** `[B, T]` → `[B, T, C]`: everything below the output layer. */
  hidden(input: TokenInput, mode: Mode, options: ForwardOptions = {}): Tensor {
    const { cache, trace = {} } = options;
    const { ids, mask, embeddings = this.tokens.forward(ids) } = input;
    const [, time] = embeddings.shape as readonly [number, number, number];
    const past = cache?.length ?? 0;
    const { context, heads, headSize, ropeBase: base, ropeScaling: scaling } = this.options;
    if (past + time > context) {
      throw new ShapeError(
        `Llama: expected at most ${context} tokens, got ${past + time} (ids ${formatShape(ids.shape)}). Shorten the text.`,
      );
    }
    const isRotary = this.options.positions === "rotary";
    const places = (): Tensor => input.positions ?? range(past + time, { start: past });
    const rotation = isRotary ? rotationOf(places(), { headSize, base, scaling }) : undefined;
    const bias = isRotary ? undefined : tensor(linearBiases({ heads, keyTime: past + time }));
    let x = embeddings;
    for (const [i, block] of this.blocks.entries()) {
      trace.hiddenStates?.push(x);
      const input = x;
      const memory = cache?.layer(i);
      const work = (): Tensor => block.forward(input, { mode, mask: mask && paddingMask(mask), rotation, bias, memory, trace });
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

  static fromConfig(config: ModelConfig, { rng }: { rng: Rng }): Llama {
    const isAlibi = config.values.model_type === alibiType;
    if (!isAlibi) config.only("model_type", "llama");
    config.only("pretraining_tp", 1);
    const heads = config.count("num_attention_heads");
    const size = config.count("hidden_size");
    return new Llama({
      ...{ size, heads, rng },
      vocabulary: config.count("vocab_size"),
      context: config.count("max_position_embeddings", 2048),
      layers: config.layers("num_hidden_layers"),
      keyHeads: config.count("num_key_value_heads", heads),
      headSize: config.count("head_dim", size / heads),
      hidden: config.count("intermediate_size"),
      activation: config.choice("hidden_act", { known: activationNames, otherwise: "silu" }),
      ...(isAlibi ? { positions: "alibi" } : readRope(config)),
      attentionBias: config.flag("attention_bias", { otherwise: false }),
      feedForwardBias: config.flag("mlp_bias", { otherwise: false }),
      tied: config.flag("tie_word_embeddings", { otherwise: false }),
      dropout: config.number("attention_dropout", 0),
      epsilon: config.number("rms_norm_eps", 1e-6),
      deviation: config.number("initializer_range", 0.02),
      beginId: config.id("bos_token_id"),
      ...readEndTokens(config),
      padId: config.id("pad_token_id"),
    });
  }

  toConfig(): JsonObject {
    const o = this.options;
    const { ropeScaling, ropeBase, beginId = null, padId = null } = o;
    const isAlibi = o.positions === "alibi";
    return {
      architectures: [isAlibi ? "LlamaAlibiForCausalLM" : "LlamaForCausalLM"],
      ...{
        model_type: isAlibi ? alibiType : "llama",
        hidden_act: o.activation,
        hidden_size: o.size,
        num_attention_heads: o.heads,
        vocab_size: o.vocabulary,
      },
      ...{ max_position_embeddings: o.context, num_hidden_layers: o.layers, num_key_value_heads: o.keyHeads, head_dim: o.headSize },
      ...{ intermediate_size: o.hidden, attention_bias: o.attentionBias, mlp_bias: o.feedForwardBias, tie_word_embeddings: o.tied },
      ...{ attention_dropout: o.dropout, rms_norm_eps: o.epsilon, initializer_range: o.deviation },
      ...(!isAlibi && { rope_parameters: writeRope({ ropeBase, ropeScaling }) }),
      ...{ bos_token_id: beginId, eos_token_id: writeEndTokens(o), pad_token_id: padId },
    };
  }
}
