/** The encoder–decoder of the original transformer, of BART and of Marian: norms after each branch. Vaswani et al. 2017, arXiv:1706.03762, figure 1. */

import { formatShape, OptionError, type Rng, range, ShapeError, type Tensor, tensor } from "@dl/core";
import { Buffer, type Embedding, init, LayerNorm, type Linear, type Mode, Module } from "@dl/nn";
import { type ActivationName, activations } from "../activation.ts";
import { attendHeads, splitHeads } from "../attention-heads.ts";
import { dropIn } from "../drop-in.ts";
import { type ForwardOptions, paddingMask, runBlock } from "../forward-pass.ts";
import type { JsonObject, ModelConfig } from "../huggingface/config.ts";
import type { EncoderDecoderFamily } from "../huggingface/encoder-decoder-family.ts";
import { requireKept } from "../huggingface/kept-options.ts";
import type { HuggingFaceNames } from "../huggingface/pretrained.ts";
import type { CacheShape, LayerMemory } from "../key-value-cache.ts";
import { normalEmbedding, normalLinear } from "../normal-layers.ts";
import type {
  CrossKeys,
  DecoderInput,
  EncoderDecoderInput,
  EncoderDecoderOptions as PassOptions,
  SequenceToSequence,
  SourceInput,
} from "../sequence-to-sequence.ts";
import { sinusoids } from "../sinusoids.ts";
import { tiedLogits } from "../tied-logits.ts";
import { bart } from "./bart.ts";
import { marian } from "./marian.ts";

export interface EncoderDecoderOptions {
  /** Number of token ids, of both texts. */
  vocabulary: number;
  /** Most tokens of either text. */
  context: number;
  /** Length of a token's vector. */
  size: number;
  /** Of the encoder. */
  layers: number;
  /** Default `layers`. */
  decoderLayers?: number;
  /** Of the encoder. */
  heads: number;
  /** Default `heads`. */
  decoderHeads?: number;
  /** Width of the encoder's feed-forward layers. */
  hidden: number;
  /** Default `hidden`. */
  decoderHidden?: number;
  /** Default `relu`. */
  activation?: ActivationName;
  /** Places of tokens: fixed sines and cosines, or learned. Default `sinusoidal`. */
  positions?: "sinusoidal" | "learned";
  /** A norm after the embeddings. Default false. */
  embeddingNorm?: boolean;
  /** Embeddings are multiplied by √size. Default true. */
  scaleEmbedding?: boolean;
  /** Rate after embeddings and on what each branch adds. Default 0.1. */
  dropout?: number;
  /** Rate on attention weights. Default 0. */
  attentionDropout?: number;
  /** Rate inside the feed-forward layers. Default 0. */
  activationDropout?: number;
  /** Deviation of first weights. Default 0.02. */
  deviation?: number;
  /** Deviation of first token vectors. Default `deviation`. */
  embeddingDeviation?: number;
  /** Default 0. */
  padId?: number;
  /** Default: none. */
  beginId?: number | undefined;
  /** Default 1. */
  endId?: number;
  /** All ids that end a text, where there are several. Default `endId` alone. */
  endIds?: readonly number[] | undefined;
  /** What every text written begins with. Default `padId`. */
  startId?: number;
  /** The form of its files. Default `bart` with learned positions, else `marian`, whose form the original transformer has. */
  family?: EncoderDecoderFamily;
  rng: Rng;
}

export type EncoderDecoderPreset = Omit<EncoderDecoderOptions, "rng" | "family">;

/** The base model of the paper's table 3, but for its vocabulary. */
export const originalBase: Omit<EncoderDecoderPreset, "vocabulary"> = { context: 512, size: 512, layers: 6, heads: 8, hidden: 2048 };
/** The big one. */
export const originalBig: Omit<EncoderDecoderPreset, "vocabulary"> = {
  ...originalBase,
  ...{ size: 1024, heads: 16, hidden: 4096, dropout: 0.3 },
};

export type EncoderDecoderSettings = Required<Omit<EncoderDecoderPreset, "endIds">> & { readonly endIds: readonly number[] };

interface BranchOptions {
  mode: Mode;
  mask: Tensor | undefined;
  causal?: boolean;
  memory?: LayerMemory | undefined;
  weights: Tensor[] | undefined;
}

class Attention extends Module {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
  readonly heads: number;
  readonly dropout: number;

  constructor({ size, deviation, attentionDropout }: EncoderDecoderSettings, { heads, rng }: { heads: number; rng: Rng }) {
    super();
    const layer = (name: string): Linear => normalLinear({ inputs: size, outputs: size, deviation, rng: rng.fork(name) });
    this.query = layer("query");
    this.key = layer("key");
    this.value = layer("value");
    this.output = layer("output");
    this.heads = heads;
    this.dropout = attentionDropout;
  }

  keysValues(x: Tensor): { key: Tensor; value: Tensor } {
    return { key: splitHeads(this.key.forward(x), this.heads), value: splitHeads(this.value.forward(x), this.heads) };
  }

  /** `[B, T, C]` → `[B, T, C]`; `context` are keys and values of another text, else x sees itself. */
  forward(x: Tensor, { memory, ...options }: BranchOptions, context?: { key: Tensor; value: Tensor }): Tensor {
    const query = splitHeads(this.query.forward(x), this.heads);
    const own = context ?? this.keysValues(x);
    const seen = memory ? memory.extend(own.key, own.value) : own;
    return this.output.forward(attendHeads(query, seen, { ...options, dropout: this.dropout }));
  }
}

interface HalfOptions {
  half: "encoder" | "decoder";
  rng: Rng;
}

class Block extends Module {
  readonly self: Attention;
  readonly selfNorm: LayerNorm;
  readonly cross: Attention | undefined;
  readonly crossNorm: LayerNorm | undefined;
  readonly expand: Linear;
  readonly contract: Linear;
  readonly feedForwardNorm: LayerNorm;
  readonly settings: EncoderDecoderSettings;

  constructor(settings: EncoderDecoderSettings, { half, rng }: HalfOptions) {
    super();
    const { size, deviation } = settings;
    const isDecoder = half === "decoder";
    const [heads, hidden] = isDecoder ? [settings.decoderHeads, settings.decoderHidden] : [settings.heads, settings.hidden];
    this.self = new Attention(settings, { heads, rng: rng.fork("self") });
    this.selfNorm = new LayerNorm({ size });
    this.cross = isDecoder ? new Attention(settings, { heads, rng: rng.fork("cross") }) : undefined;
    this.crossNorm = isDecoder ? new LayerNorm({ size }) : undefined;
    this.expand = normalLinear({ inputs: size, outputs: hidden, deviation, rng: rng.fork("expand") });
    this.contract = normalLinear({ inputs: hidden, outputs: size, deviation, rng: rng.fork("contract") });
    this.feedForwardNorm = new LayerNorm({ size });
    this.settings = settings;
  }

  forward(x: Tensor, own: BranchOptions, other?: { context: { key: Tensor; value: Tensor }; options: BranchOptions }): Tensor {
    const { mode } = own;
    const { dropout, activationDropout, activation } = this.settings;
    const add = (sum: Tensor, branch: Tensor): Tensor => sum.add(dropIn(branch, { mode, rate: dropout }));
    let y = this.selfNorm.forward(add(x, this.self.forward(x, own)));
    if (other && this.cross && this.crossNorm) {
      y = this.crossNorm.forward(add(y, this.cross.forward(y, other.options, other.context)));
    }
    const inner = dropIn(activations[activation](this.expand.forward(y)), { mode, rate: activationDropout });
    return this.feedForwardNorm.forward(add(y, this.contract.forward(inner)));
  }
}

/** BART's learned positions begin at row 2: it once used fairseq's padding. */
const learnedOffset = 2;

class Half extends Module {
  readonly places: Embedding | undefined;
  readonly norm: LayerNorm | undefined;
  readonly blocks: readonly Block[];
  readonly settings: EncoderDecoderSettings;
  readonly isDecoder: boolean;

  constructor(settings: EncoderDecoderSettings, { half, rng }: HalfOptions) {
    super();
    const { size, context, deviation, positions, embeddingNorm, layers, decoderLayers } = settings;
    const isDecoder = half === "decoder";
    const learned = { count: context + learnedOffset, size, deviation };
    this.places = positions === "learned" ? normalEmbedding({ ...learned, rng: rng.fork("places") }) : undefined;
    this.norm = embeddingNorm ? new LayerNorm({ size }) : undefined;
    const count = isDecoder ? decoderLayers : layers;
    this.blocks = Array.from({ length: count }, (_, i) => new Block(settings, { half, rng: rng.fork(`block ${i}`) }));
    this.settings = settings;
    this.isDecoder = isDecoder;
  }

  /** `[T, C]` */
  #places(time: number, past: number): Tensor {
    const { context, size } = this.settings;
    if (past + time > context) {
      throw new ShapeError(`EncoderDecoder: expected at most ${context} tokens, got ${past + time}. Shorten the text.`);
    }
    if (this.places) return this.places.forward(range(past + time + learnedOffset, { start: past + learnedOffset }));
    return tensor(sinusoids({ start: past, count: time, size }));
  }

  forward(
    embedded: Tensor,
    mode: Mode,
    options: ForwardOptions & { mask?: Tensor | undefined; cross?: CrossKeys; sourceMask?: Tensor | undefined },
  ): Tensor {
    const { mask, cross, sourceMask, cache, trace = {} } = options;
    const { dropout: rate } = this.settings;
    const time = embedded.shape[1]!;
    const placed = embedded.add(this.#places(time, cache?.length ?? 0));
    let x = dropIn(this.norm ? this.norm.forward(placed) : placed, { mode, rate });
    const own = { mode, mask: mask && paddingMask(mask), causal: this.isDecoder, weights: trace.attentions };
    const others = { mode, mask: sourceMask && paddingMask(sourceMask), weights: trace.crossAttentions };
    trace.hiddenStates?.push(x);
    for (const [i, block] of this.blocks.entries()) {
      const context = cross?.[i];
      const input = x;
      const work = (): Tensor => block.forward(input, { ...own, memory: cache?.layer(i) }, context && { context, options: others });
      x = runBlock(work, options);
      trace.hiddenStates?.push(x);
    }
    cache?.advance(time);
    return x;
  }
}

/**
 * Reads one text and writes another: source and target ids → logits `[B, T, vocabulary]`; `tokenLoss` is its loss. Both texts and the
 * output layer share one embedding.
 *
 * @example
 * const model = new EncoderDecoder({ ...originalBase, vocabulary: 100, layers: 1, size: 64, hidden: 128, rng });
 * const source = { ids: tensor([[5, 6, 7, 1]], { dtype: "int32" }) };
 * const logits = model.forward({ source, target: { ids: tensor([[0, 8]], { dtype: "int32" }) } }, inference);
 */
export class EncoderDecoder extends Module implements SequenceToSequence {
  readonly tokens: Embedding;
  readonly encoder: Half;
  readonly decoder: Half;
  /** `[1, vocabulary]`, added to the logits; not trained. */
  readonly bias: Buffer;
  readonly options: EncoderDecoderSettings;
  readonly family: EncoderDecoderFamily;
  readonly huggingFace: HuggingFaceNames;

  constructor({ rng, family: chosen, ...given }: EncoderDecoderOptions) {
    super();
    const { vocabulary, size, layers, heads, hidden, padId = 0, deviation = 0.02, endId = given.endIds?.[0] ?? 1 } = given;
    const settings: EncoderDecoderSettings = {
      ...{ decoderLayers: layers, decoderHeads: heads, decoderHidden: hidden, activation: "relu", positions: "sinusoidal" },
      ...{ embeddingNorm: false, scaleEmbedding: true, dropout: 0.1, attentionDropout: 0, activationDropout: 0 },
      ...{ embeddingDeviation: deviation, beginId: undefined, startId: padId },
      ...given,
      ...{ padId, deviation, endId, endIds: given.endIds ?? [endId] },
    };
    for (const count of [settings.heads, settings.decoderHeads]) {
      if (size % count !== 0) throw new OptionError(`EncoderDecoder: expected heads that divide size ${size}, got ${count}.`);
    }
    const family = chosen ?? (settings.positions === "learned" ? bart : marian);
    requireKept(settings, { file: family, where: "EncoderDecoder" });
    const { embeddingDeviation } = settings;
    this.tokens = normalEmbedding({ count: vocabulary, size, deviation: embeddingDeviation, padId, rng: rng.fork("tokens") });
    this.encoder = new Half(settings, { half: "encoder", rng: rng.fork("encoder") });
    this.decoder = new Half(settings, { half: "decoder", rng: rng.fork("decoder") });
    this.bias = new Buffer(init.zeros([1, vocabulary]));
    this.options = settings;
    this.family = family;
    const shared = /^((model\.)?(encoder|decoder)\.embed_tokens|lm_head)\.weight$/;
    const copies = [{ name: shared, path: "tokens.weight" }];
    // fairseq's mark of old files; tables of sines, which are computed here.
    const ignored = [/(encoder|decoder)\.version$/, ...(settings.positions === "sinusoidal" ? [/embed_positions\.weight$/] : [])];
    // BartModel, below the head, has no bias of the logits: as transformers, none is zero.
    this.huggingFace = { table: family.table, prefix: "model", copies, ignored, zeros: ["bias"] };
  }

  get cacheShape(): CacheShape {
    const { decoderLayers, decoderHeads, size } = this.options;
    return { layers: decoderLayers, keyHeads: decoderHeads, headSize: size / decoderHeads };
  }

  get startId(): number {
    return this.options.startId;
  }

  #embed(ids: Tensor, embeddings?: Tensor): Tensor {
    if (ids.rank !== 2) throw new ShapeError(`EncoderDecoder: expected ids [B, T], got ${formatShape(ids.shape)}.`);
    const vectors = embeddings ?? this.tokens.forward(ids);
    return this.options.scaleEmbedding ? vectors.mul(Math.sqrt(this.options.size)) : vectors;
  }

  encode({ ids, mask, embeddings }: SourceInput, mode: Mode, options: Pick<ForwardOptions, "trace" | "recompute"> = {}): Tensor {
    return this.encoder.forward(this.#embed(ids, embeddings), mode, { ...options, mask });
  }

  crossKeys(encoded: Tensor): CrossKeys {
    return this.decoder.blocks.map(({ cross }) => cross!.keysValues(encoded));
  }

  decode({ ids, cross, sourceMask, mask }: DecoderInput, mode: Mode, options: ForwardOptions = {}): Tensor {
    const hidden = this.decoder.forward(this.#embed(ids), mode, { ...options, cross, sourceMask, mask });
    return tiedLogits(hidden, this.tokens).add(this.bias.value);
  }

  forward({ source, target }: EncoderDecoderInput, mode: Mode, { traces = {}, recompute }: PassOptions = {}): Tensor {
    const encoded = this.encode(source, mode, { trace: traces.encoder, recompute });
    const input = { ...target, cross: this.crossKeys(encoded), sourceMask: source.mask };
    return this.decode(input, mode, { trace: traces.decoder, recompute });
  }

  static fromConfig(config: ModelConfig, { rng }: { rng: Rng }): EncoderDecoder {
    const type = config.choice("model_type", { known: ["bart", "marian"] });
    const family = type === "bart" ? bart : marian;
    return new EncoderDecoder({ ...family.readOptions(config), family, rng });
  }

  toConfig(): JsonObject {
    return this.family.writeOptions(this.options);
  }
}
