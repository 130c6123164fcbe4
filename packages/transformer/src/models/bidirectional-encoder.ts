/** The encoder of BERT, RoBERTa and DistilBERT, and of BERT with ALiBi: norms after each branch. Devlin et al. 2018, arXiv:1810.04805, section 3. */

import { cumsum, formatShape, narrow, notEqual, OptionError, type Rng, range, ShapeError, type Tensor, tensor } from "@dl/core";
import { type Embedding, LayerNorm, type Linear, type Mode, Module } from "@dl/nn";
import { type ActivationName, activations } from "../activation.ts";
import { attendHeads, splitHeads } from "../attention-heads.ts";
import { dropIn } from "../drop-in.ts";
import { type ForwardOptions, paddingMask, runBlock, type TokenInput, type Trace } from "../forward-pass.ts";
import { linearDistances } from "../linear-biases.ts";
import { normalEmbedding, normalLinear } from "../normal-layers.ts";

export interface BidirectionalEncoderOptions {
  /** Number of token ids. */
  vocabulary: number;
  /** Most tokens the model can see. */
  context: number;
  /** Length of a token's vector. */
  size: number;
  layers: number;
  heads: number;
  /** Width of the feed-forward layers. Default 4 · size. */
  hidden?: number;
  /** Kinds of segments, such as the two texts of a pair; 0 for none. Default 2. */
  segments?: number;
  /** Default `gelu`. */
  activation?: ActivationName;
  /** Rate after embeddings and on what each branch adds. Default 0.1. */
  dropout?: number;
  /** Rate on attention weights. Default as `dropout`. */
  attentionDropout?: number;
  /** Added to variances. Default 1e-12. */
  epsilon?: number;
  /** Deviation of first weights. Default 0.02. */
  deviation?: number;
  /** The id of padding. Default 0. */
  padId?: number;
  /**
   * `from zero`, or, as RoBERTa has them, `after padding`: real tokens count on from padId + 1, padding stands at padId; the context then
   * has padId + 1 rows more. Default `from zero`.
   */
  positions?: "from zero" | "after padding";
  /**
   * Scores fall with the distance, beside the positions: from the first step on a token sees its neighbours best, where plain BERT has to
   * learn who they are: small models on small texts learn sooner. Press et al. 2021, arXiv:2108.12409, on both sides. Default false.
   */
  alibi?: boolean;
  rng: Rng;
}

export type EncoderPreset = Omit<BidirectionalEncoderOptions, "rng">;

interface BlockOptions {
  mode: Mode;
  mask: Tensor | undefined;
  /** `[1, H, T, T]`, of ALiBi. */
  bias: Tensor | undefined;
  trace: Trace;
}

type Settled = Required<EncoderPreset>;

/** The options with their defaults. */
export function encoderSettings(given: EncoderPreset): Settled {
  const { vocabulary, context, size, layers, heads, dropout = 0.1, segments = 2 } = given;
  return {
    ...{ vocabulary, context, size, layers, heads, dropout, segments },
    hidden: given.hidden ?? 4 * size,
    activation: given.activation ?? "gelu",
    attentionDropout: given.attentionDropout ?? dropout,
    epsilon: given.epsilon ?? 1e-12,
    deviation: given.deviation ?? 0.02,
    padId: given.padId ?? 0,
    positions: given.positions ?? "from zero",
    alibi: given.alibi ?? false,
  };
}

class EncoderBlock extends Module {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
  readonly attentionNorm: LayerNorm;
  readonly expand: Linear;
  readonly contract: Linear;
  readonly feedForwardNorm: LayerNorm;
  readonly settings: Settled;

  constructor(settings: Settled, rng: Rng) {
    super();
    const { size, hidden, deviation, epsilon } = settings;
    const square = (name: string): Linear => normalLinear({ inputs: size, outputs: size, deviation, rng: rng.fork(name) });
    this.query = square("query");
    this.key = square("key");
    this.value = square("value");
    this.output = square("output");
    this.attentionNorm = new LayerNorm({ size, epsilon });
    this.expand = normalLinear({ inputs: size, outputs: hidden, deviation, rng: rng.fork("expand") });
    this.contract = normalLinear({ inputs: hidden, outputs: size, deviation, rng: rng.fork("contract") });
    this.feedForwardNorm = new LayerNorm({ size, epsilon });
    this.settings = settings;
  }

  /** `[B, T, C]` → `[B, T, C]` */
  forward(x: Tensor, { mode, mask, bias, trace }: BlockOptions): Tensor {
    const { heads, dropout: rate, attentionDropout: dropout, activation } = this.settings;
    const [query, key, value] = [this.query, this.key, this.value].map((layer) => splitHeads(layer.forward(x), heads)) as [
      Tensor,
      Tensor,
      Tensor,
    ]; // [B, H, T, D] each
    const attended = attendHeads(query, { key, value }, { mode, mask, bias, dropout, weights: trace.attentions });
    const middle = this.attentionNorm.forward(x.add(dropIn(this.output.forward(attended), { mode, rate })));
    const inner = this.contract.forward(activations[activation](this.expand.forward(middle)));
    return this.feedForwardNorm.forward(middle.add(dropIn(inner, { mode, rate })));
  }
}

/**
 * Token ids `[B, T]` → vectors `[B, T, C]`, each of which saw all others.
 *
 * @example
 * const encoder = new BidirectionalEncoder({ vocabulary: 1000, context: 64, size: 32, layers: 2, heads: 4, rng });
 * const vectors = encoder.forward({ ids: tensor([[1, 2, 3]], { dtype: "int32" }) }, inference);
 */
export class BidirectionalEncoder extends Module {
  readonly tokens: Embedding;
  readonly places: Embedding;
  readonly kinds: Embedding | undefined;
  readonly norm: LayerNorm;
  readonly blocks: readonly EncoderBlock[];
  readonly options: Settled;

  constructor({ rng, ...given }: BidirectionalEncoderOptions) {
    super();
    const settings = encoderSettings(given);
    const { vocabulary, context, size, layers, heads, segments, deviation, epsilon, padId } = settings;
    if (size % heads !== 0) throw new OptionError(`BidirectionalEncoder: expected heads that divide size ${size}, got ${heads}.`);
    const rows = settings.positions === "from zero" ? context : context + padId + 1;
    this.tokens = normalEmbedding({ count: vocabulary, size, deviation, padId, rng: rng.fork("tokens") });
    this.places = normalEmbedding({ count: rows, size, deviation, rng: rng.fork("places") });
    this.kinds = segments > 0 ? normalEmbedding({ count: segments, size, deviation, rng: rng.fork("kinds") }) : undefined;
    this.norm = new LayerNorm({ size, epsilon });
    this.blocks = Array.from({ length: layers }, (_, i) => new EncoderBlock(settings, rng.fork(`block ${i}`)));
    this.options = settings;
  }

  forward(input: TokenInput, mode: Mode, options: Pick<ForwardOptions, "trace" | "recompute"> = {}): Tensor {
    const { trace = {} } = options;
    const { ids, mask, segments, embeddings = this.tokens.forward(ids) } = input;
    const { context, heads, dropout: rate, alibi } = this.options;
    const [, time] = embeddings.shape as readonly [number, number, number];
    if (time > context) {
      throw new ShapeError(
        `BidirectionalEncoder: expected at most ${context} tokens, got ${time} (ids ${formatShape(ids.shape)}). Truncate the text.`,
      );
    }
    const positions = input.positions ?? this.#positions(ids, time);
    let x = embeddings.add(this.places.forward(positions)); // [B, T, C]
    if (this.kinds) x = x.add(segments ? this.kinds.forward(segments) : narrow(this.kinds.weight.value, 0, { start: 0, size: 1 }));
    x = dropIn(this.norm.forward(x), { mode, rate });
    trace.hiddenStates?.push(x);
    const bias = alibi ? tensor(linearDistances({ heads, time })) : undefined;
    for (const block of this.blocks) {
      const input = x;
      x = runBlock(() => block.forward(input, { mode, mask: mask && paddingMask(mask), bias, trace }), options);
      trace.hiddenStates?.push(x);
    }
    return x;
  }

  /** `[T]` or `[B, T]` */
  #positions(ids: Tensor, time: number): Tensor {
    const { positions, padId } = this.options;
    if (positions === "from zero") return range(time);
    if (ids.shape[1] !== time) return range(time + padId + 1, { start: padId + 1 });
    const real = notEqual(ids, padId).cast("float32");
    return cumsum(real, 1).mul(real).cast("int32").add(padId);
  }
}
