/** T5: relative positions, RMS norms before each branch, no biases. Raffel et al. 2019, arXiv:1910.10683; gated: Shazeer 2020, arXiv:2002.05202. */

import { OptionError, type Rng, type Tensor, tensor } from "@dl/core";
import { type Embedding, type Linear, type Mode, Module, RmsNorm } from "@dl/nn";
import { type ActivationName, activationNames, activations } from "../activation.ts";
import { attendHeads, splitHeads } from "../attention-heads.ts";
import { dropIn } from "../drop-in.ts";
import { readEndTokens, writeEndTokens } from "../end-tokens.ts";
import { type ForwardOptions, paddingMask, runBlock } from "../forward-pass.ts";
import type { JsonObject, ModelConfig } from "../huggingface/config.ts";
import type { HuggingFaceNames, NameTable } from "../huggingface/pretrained.ts";
import type { CacheShape, LayerMemory } from "../key-value-cache.ts";
import { normalEmbedding, normalLinear } from "../normal-layers.ts";
import { relativeBuckets } from "../relative-buckets.ts";
import type {
  CrossKeys,
  DecoderInput,
  EncoderDecoderInput,
  EncoderDecoderOptions,
  SequenceToSequence,
  SourceInput,
} from "../sequence-to-sequence.ts";
import { tiedHead, tiedLogits } from "../tied-logits.ts";

export type T5FeedForward = ActivationName | `gated-${ActivationName}`;

export interface T5Options {
  /** Number of token ids. */
  vocabulary: number;
  /** Length of a token's vector. */
  size: number;
  /** Of the encoder. */
  layers: number;
  /** Default `layers`. */
  decoderLayers?: number;
  heads: number;
  /** Default 64. */
  headSize?: number;
  /** Width of the feed-forward layers. */
  hidden: number;
  /** `relu`, or another activation, or one that gates, as GELU does since T5 1.1. Default `relu`. */
  feedForward?: T5FeedForward;
  /** Kinds of distances between tokens. Default 32. */
  buckets?: number;
  /** All longer distances are of one kind. Default 128. */
  maximumDistance?: number;
  /** The output layer shares its weights with the embedding. Default true; false since T5 1.1. */
  tied?: boolean;
  /** Vectors are multiplied by 1/√size before the output layer. Default `tied`. */
  scaleOutput?: boolean;
  /** Default 0.1. */
  dropout?: number;
  /** Added to mean squares. Default 1e-6. */
  epsilon?: number;
  /** Scales the deviations of first weights. Default 1. */
  deviation?: number;
  /** Default 0. */
  padId?: number;
  /** Default 1. */
  endId?: number;
  /** All ids that end a text, where there are several. Default `endId` alone. */
  endIds?: readonly number[] | undefined;
  /** What every text written begins with. Default `padId`. */
  startId?: number;
  rng: Rng;
}

export type T5Preset = Omit<T5Options, "rng">;

export const t5Small: T5Preset = { vocabulary: 32_128, size: 512, layers: 6, heads: 8, hidden: 2048 };
export const t5Base: T5Preset = { vocabulary: 32_128, size: 768, layers: 12, heads: 12, hidden: 3072 };
export const t5SmallV11: T5Preset = { ...t5Small, layers: 8, heads: 6, hidden: 1024, feedForward: "gated-gelu", tied: false };

const feedForwards: readonly T5FeedForward[] = [...activationNames, ...activationNames.map((name) => `gated-${name}` as const)];

type Settled = Required<Omit<T5Preset, "endIds">> & { endIds: readonly number[] };

interface BranchOptions {
  mode: Mode;
  mask: Tensor | undefined;
  /** `[1, H, T, S]` */
  bias?: Tensor;
  causal?: boolean;
  memory?: LayerMemory | undefined;
  weights: Tensor[] | undefined;
}

class Attention extends Module {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
  readonly settings: Settled;

  constructor(settings: Settled, rng: Rng) {
    super();
    const { size, heads, headSize, deviation } = settings;
    const inner = heads * headSize;
    const layer = (name: string, [inputs, outputs]: [number, number], spread: number): Linear =>
      normalLinear({ inputs, outputs, bias: false, deviation: deviation * spread, rng: rng.fork(name) });
    // The scale 1/√D of the scores is in the queries' first weights, as Mesh TensorFlow has it.
    this.query = layer("query", [size, inner], (size * headSize) ** -0.5);
    this.key = layer("key", [size, inner], size ** -0.5);
    this.value = layer("value", [size, inner], size ** -0.5);
    this.output = layer("output", [inner, size], inner ** -0.5);
    this.settings = settings;
  }

  keysValues(x: Tensor): { key: Tensor; value: Tensor } {
    const { heads } = this.settings;
    return { key: splitHeads(this.key.forward(x), heads), value: splitHeads(this.value.forward(x), heads) };
  }

  /** `[B, T, C]` → `[B, T, C]`; `context` are keys and values of another text, else x sees itself. */
  forward(x: Tensor, { mode, mask, bias, causal, memory, weights }: BranchOptions, context?: { key: Tensor; value: Tensor }): Tensor {
    const { heads, dropout } = this.settings;
    const query = splitHeads(this.query.forward(x), heads);
    const own = context ?? this.keysValues(x);
    const seen = memory ? memory.extend(own.key, own.value) : own;
    return this.output.forward(attendHeads(query, seen, { mode, mask, bias, causal, scale: 1, dropout, weights }));
  }
}

function isGated(feedForward: T5FeedForward): boolean {
  return feedForward.startsWith("gated-");
}

class FeedForward extends Module {
  readonly gate: Linear | undefined;
  readonly expand: Linear;
  readonly contract: Linear;
  readonly activation: ActivationName;
  readonly dropout: number;

  constructor({ size, hidden, feedForward, deviation, dropout }: Settled, rng: Rng) {
    super();
    // T5 1.1 was trained with the approximation by tanh, and calls it gelu.
    this.activation = feedForward === "gated-gelu" ? "gelu_new" : (feedForward.replace("gated-", "") as ActivationName);
    const inner = { inputs: size, outputs: hidden, bias: false, deviation: deviation * size ** -0.5 };
    this.gate = isGated(feedForward) ? normalLinear({ ...inner, rng: rng.fork("gate") }) : undefined;
    this.expand = normalLinear({ ...inner, rng: rng.fork("expand") });
    const outer = { inputs: hidden, outputs: size, bias: false, deviation: deviation * hidden ** -0.5 };
    this.contract = normalLinear({ ...outer, rng: rng.fork("contract") });
    this.dropout = dropout;
  }

  forward(x: Tensor, mode: Mode): Tensor {
    const expanded = this.expand.forward(x);
    const activate = activations[this.activation];
    const inner = this.gate ? activate(this.gate.forward(x)).mul(expanded) : activate(expanded);
    return this.contract.forward(dropIn(inner, { mode, rate: this.dropout }));
  }
}

/** Its attention to itself, in the decoder also to the text read, and feed-forward: each after a norm, each added. */
class Block extends Module {
  readonly selfNorm: RmsNorm;
  readonly self: Attention;
  readonly crossNorm: RmsNorm | undefined;
  readonly cross: Attention | undefined;
  readonly feedForwardNorm: RmsNorm;
  readonly feedForward: FeedForward;
  readonly dropout: number;

  constructor(settings: Settled, { isDecoder, rng }: { isDecoder: boolean; rng: Rng }) {
    super();
    const { size, epsilon, dropout } = settings;
    this.selfNorm = new RmsNorm({ size, epsilon });
    this.self = new Attention(settings, rng.fork("self"));
    this.crossNorm = isDecoder ? new RmsNorm({ size, epsilon }) : undefined;
    this.cross = isDecoder ? new Attention(settings, rng.fork("cross")) : undefined;
    this.feedForwardNorm = new RmsNorm({ size, epsilon });
    this.feedForward = new FeedForward(settings, rng.fork("feedForward"));
    this.dropout = dropout;
  }

  forward(x: Tensor, own: BranchOptions, other?: { context: { key: Tensor; value: Tensor }; options: BranchOptions }): Tensor {
    const { mode } = own;
    const add = (sum: Tensor, branch: Tensor): Tensor => sum.add(dropIn(branch, { mode, rate: this.dropout }));
    let y = add(x, this.self.forward(this.selfNorm.forward(x), own));
    if (other && this.cross && this.crossNorm) {
      y = add(y, this.cross.forward(this.crossNorm.forward(y), other.options, other.context));
    }
    return add(y, this.feedForward.forward(this.feedForwardNorm.forward(y), mode));
  }
}

class Stack extends Module {
  readonly blocks: readonly Block[];
  /** `[buckets, H]`: added to the scores of tokens so far apart, in every layer. */
  readonly distances: Embedding;
  readonly norm: RmsNorm;
  readonly settings: Settled;
  readonly isDecoder: boolean;

  constructor(settings: Settled, { isDecoder, rng }: { isDecoder: boolean; rng: Rng }) {
    super();
    const { layers, decoderLayers, size, epsilon, buckets, heads, deviation } = settings;
    const count = isDecoder ? decoderLayers : layers;
    this.blocks = Array.from({ length: count }, (_, i) => new Block(settings, { isDecoder, rng: rng.fork(`block ${i}`) }));
    const spread = deviation * size ** -0.5;
    this.distances = normalEmbedding({ count: buckets, size: heads, deviation: spread, rng: rng.fork("distances") });
    this.norm = new RmsNorm({ size, epsilon });
    this.settings = settings;
    this.isDecoder = isDecoder;
  }

  /** `[1, H, T, S]`: of queries at the last T of S places. */
  #bias(time: number, keyTime: number): Tensor {
    const { buckets: count, maximumDistance } = this.settings;
    const kinds = relativeBuckets({ time, keyTime, count, maximumDistance, bidirectional: !this.isDecoder });
    return this.distances.forward(tensor(kinds)).transpose([2, 0, 1]).expandDims(0);
  }

  forward(
    embedded: Tensor,
    mode: Mode,
    options: ForwardOptions & { mask?: Tensor | undefined; cross?: CrossKeys; sourceMask?: Tensor | undefined },
  ): Tensor {
    const { mask, cross, sourceMask, cache, trace = {} } = options;
    const { dropout: rate } = this.settings;
    const time = embedded.shape[1]!;
    const bias = this.#bias(time, (cache?.length ?? 0) + time);
    const own = { mode, mask: mask && paddingMask(mask), bias, causal: this.isDecoder, weights: trace.attentions };
    const others = { mode, mask: sourceMask && paddingMask(sourceMask), weights: trace.crossAttentions };
    let x = dropIn(embedded, { mode, rate });
    for (const [i, block] of this.blocks.entries()) {
      trace.hiddenStates?.push(x);
      const context = cross?.[i];
      const input = x;
      const work = (): Tensor => block.forward(input, { ...own, memory: cache?.layer(i) }, context && { context, options: others });
      x = runBlock(work, options);
    }
    cache?.advance(time);
    x = dropIn(this.norm.forward(x), { mode, rate });
    trace.hiddenStates?.push(x);
    return x;
  }
}

const stackNames = (half: "encoder" | "decoder"): NameTable => {
  const branches = half === "encoder" ? (["self", "feedForward"] as const) : (["self", "cross", "feedForward"] as const);
  const names = branches.flatMap((branch, i) => {
    const ours = `${half}.blocks.#.${branch}`;
    const theirs = `${half}.block.#.layer.${i}`;
    const norm = [`${ours}Norm`, `${theirs}.layer_norm`] as const;
    if (branch === "feedForward") {
      const dense = `${theirs}.DenseReluDense`;
      // One layer is called wi, two are wi_0 (the gate) and wi_1; the model picks.
      return [norm, [`${ours}.gate`, `${dense}.wi_0`], [`${ours}.expand`, `${dense}.wi`], [`${ours}.contract`, `${dense}.wo`]] as const;
    }
    const attention = `${theirs}.${branch === "self" ? "SelfAttention" : "EncDecAttention"}`;
    const parts = ["query", "key", "value", "output"].map((part) => [`${ours}.${part}`, `${attention}.${part[0]}`] as const);
    return [norm, ...parts];
  });
  return Object.fromEntries([
    ...names,
    [`${half}.distances`, `${half}.block.0.layer.0.SelfAttention.relative_attention_bias`],
    [`${half}.norm`, `${half}.final_layer_norm`],
  ]) as NameTable;
};

const table: NameTable = { tokens: "shared", output: "lm_head", ...stackNames("encoder"), ...stackNames("decoder") };
const gatedTable: NameTable = {
  ...table,
  "encoder.blocks.#.feedForward.expand": "encoder.block.#.layer.1.DenseReluDense.wi_1",
  "decoder.blocks.#.feedForward.expand": "decoder.block.#.layer.2.DenseReluDense.wi_1",
};

/**
 * Reads one text and writes another: source and target ids → logits `[B, T, vocabulary]`; `tokenLoss` is its loss.
 *
 * @example
 * const model = new T5({ vocabulary: 100, size: 32, layers: 1, heads: 2, headSize: 16, hidden: 64, rng });
 * const source = { ids: tensor([[5, 6, 7, 1]], { dtype: "int32" }) };
 * const logits = model.forward({ source, target: { ids: tensor([[0, 8]], { dtype: "int32" }) } }, inference);
 */
export class T5 extends Module implements SequenceToSequence {
  readonly tokens: Embedding;
  readonly encoder: Stack;
  readonly decoder: Stack;
  readonly output: Linear | undefined;
  readonly options: Settled;
  readonly huggingFace: HuggingFaceNames;

  constructor({ rng, ...given }: T5Options) {
    super();
    const { layers, headSize = 64, tied = true, padId = 0, endId = given.endIds?.[0] ?? 1 } = given;
    const settings: Settled = {
      ...{ feedForward: "relu", buckets: 32, maximumDistance: 128, dropout: 0.1, epsilon: 1e-6, deviation: 1 },
      ...{ decoderLayers: layers, startId: padId, scaleOutput: tied },
      ...given,
      ...{ headSize, tied, padId, endId, endIds: given.endIds ?? [endId] },
    };
    const { vocabulary, size, deviation, feedForward, buckets } = settings;
    if (buckets < 4 || buckets % 2 !== 0) throw new OptionError(`T5: expected an even number of buckets, at least 4, got ${buckets}.`);
    this.tokens = normalEmbedding({ count: vocabulary, size, deviation, rng: rng.fork("tokens") });
    this.encoder = new Stack(settings, { isDecoder: false, rng: rng.fork("encoder") });
    this.decoder = new Stack(settings, { isDecoder: true, rng: rng.fork("decoder") });
    const head = { inputs: size, outputs: vocabulary, bias: false, deviation };
    this.output = tied ? undefined : normalLinear({ ...head, rng: rng.fork("output") });
    this.options = settings;
    // With a head of its own the file keeps saying what is scaled: transformers 5 has `tie_word_embeddings: true` in all of T5's.
    const ownHead = { tie_word_embeddings: false, scale_decoder_outputs: settings.scaleOutput };
    this.huggingFace = {
      table: isGated(feedForward) ? gatedTable : table,
      prefix: "",
      head: tied ? [] : ["output"],
      copies: [
        { name: /^(encoder|decoder)\.embed_tokens\.weight$/, path: "tokens.weight" },
        ...(tied ? [{ ...tiedHead, untied: ownHead }] : []),
      ],
      // A table old files have that nothing reads.
      ignored: [/EncDecAttention\.relative_attention_bias/],
    };
  }

  get cacheShape(): CacheShape {
    const { decoderLayers, heads, headSize } = this.options;
    return { layers: decoderLayers, keyHeads: heads, headSize };
  }

  get startId(): number {
    return this.options.startId;
  }

  encode({ ids, mask, embeddings }: SourceInput, mode: Mode, options: Pick<ForwardOptions, "trace" | "recompute"> = {}): Tensor {
    return this.encoder.forward(embeddings ?? this.tokens.forward(ids), mode, { ...options, mask });
  }

  crossKeys(encoded: Tensor): CrossKeys {
    return this.decoder.blocks.map(({ cross }) => cross!.keysValues(encoded));
  }

  decode({ ids, cross, sourceMask, mask }: DecoderInput, mode: Mode, options: ForwardOptions = {}): Tensor {
    const hidden = this.decoder.forward(this.tokens.forward(ids), mode, { ...options, cross, sourceMask, mask });
    // With shared weights the vectors are shrunk first, as Mesh TensorFlow does.
    const scaled = this.options.scaleOutput ? hidden.mul(this.options.size ** -0.5) : hidden;
    return this.output ? this.output.forward(scaled) : tiedLogits(scaled, this.tokens);
  }

  forward({ source, target }: EncoderDecoderInput, mode: Mode, { traces = {}, recompute }: EncoderDecoderOptions = {}): Tensor {
    const encoded = this.encode(source, mode, { trace: traces.encoder, recompute });
    const input = { ...target, cross: this.crossKeys(encoded), sourceMask: source.mask };
    return this.decode(input, mode, { trace: traces.decoder, recompute });
  }

  static fromConfig(config: ModelConfig, { rng }: { rng: Rng }): T5 {
    config.only("model_type", "t5");
    config.only("is_encoder_decoder", true);
    const tied = config.flag("tie_word_embeddings", { otherwise: true });
    const padId = config.id("pad_token_id") ?? 0;
    return new T5({
      ...{ rng, tied, padId },
      // In old files it follows from the tying.
      scaleOutput: config.flag("scale_decoder_outputs", { otherwise: tied }),
      vocabulary: config.count("vocab_size"),
      size: config.count("d_model"),
      layers: config.layers("num_layers"),
      decoderLayers: config.layers("num_decoder_layers", config.layers("num_layers")),
      heads: config.count("num_heads"),
      headSize: config.count("d_kv", 64),
      hidden: config.count("d_ff"),
      feedForward: config.choice("feed_forward_proj", { known: feedForwards, otherwise: "relu" }),
      buckets: config.count("relative_attention_num_buckets", 32),
      maximumDistance: config.count("relative_attention_max_distance", 128),
      dropout: config.number("dropout_rate", 0.1),
      epsilon: config.number("layer_norm_epsilon", 1e-6),
      deviation: config.number("initializer_factor", 1),
      ...readEndTokens(config),
      startId: config.id("decoder_start_token_id") ?? padId,
    });
  }

  toConfig(): JsonObject {
    const o = this.options;
    return {
      architectures: ["T5ForConditionalGeneration"],
      ...{ model_type: "t5", is_encoder_decoder: true, vocab_size: o.vocabulary, d_model: o.size, d_kv: o.headSize, d_ff: o.hidden },
      ...{ num_layers: o.layers, num_decoder_layers: o.decoderLayers, num_heads: o.heads, feed_forward_proj: o.feedForward },
      ...{ relative_attention_num_buckets: o.buckets, relative_attention_max_distance: o.maximumDistance },
      ...{ dropout_rate: o.dropout, layer_norm_epsilon: o.epsilon, initializer_factor: o.deviation },
      ...{ tie_word_embeddings: o.tied, scale_decoder_outputs: o.scaleOutput },
      ...{ pad_token_id: o.padId, eos_token_id: writeEndTokens(o), decoder_start_token_id: o.startId },
    };
  }
}
