/** The encoder of BERT, RoBERTa and DistilBERT, and of BERT with ALiBi: norms after each branch. Devlin et al. 2018, arXiv:1810.04805, section 3. */

import { cumsum, formatShape, narrow, notEqual, OptionError, type Rng, range, ShapeError, type Tensor, tensor } from "@dl/core";
import { type Embedding, LayerNorm, type Linear, type Mode, Module } from "@dl/nn";
import { activations } from "../activation.ts";
import { attendHeads, splitHeads } from "../attention-heads.ts";
import { dropIn } from "../drop-in.ts";
import { type ForwardOptions, paddingMask, runBlock, type TokenInput, type Trace } from "../forward-pass.ts";
import type { JsonObject, ModelConfig } from "../huggingface/config.ts";
import { bareNames, familyOf } from "../huggingface/encoder-family.ts";
import type { HuggingFaceNames } from "../huggingface/pretrained.ts";
import { linearDistances } from "../linear-biases.ts";
import { normalEmbedding, normalLinear } from "../normal-layers.ts";
import { chosenFamily, encoderFamilies } from "./encoder-families.ts";
import { type BidirectionalEncoderOptions, type EncoderSettings, encoderSettings } from "./encoder-options.ts";

interface BlockOptions {
  mode: Mode;
  mask: Tensor | undefined;
  /** `[1, H, T, T]`, of ALiBi. */
  bias: Tensor | undefined;
  trace: Trace;
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
  readonly settings: EncoderSettings;

  constructor(settings: EncoderSettings, rng: Rng) {
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
 * Token ids `[B, T]` → vectors `[B, T, C]`, each of which saw all others. Folders of `BertModel`, `RobertaModel` and `DistilBertModel` are
 * read and written; a pooler is left out, and so is, with `strict: false`, the head of a file that has one.
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
  readonly options: EncoderSettings;

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

  /** Names of the family whose form it is. @throws OptionError for a form that no family's file can say. */
  get huggingFace(): HuggingFaceNames {
    return bareNames(chosenFamily(this.options));
  }

  static fromConfig(config: ModelConfig, { rng }: { rng: Rng }): BidirectionalEncoder {
    return new BidirectionalEncoder({ ...familyOf(config, encoderFamilies).readOptions(config), rng });
  }

  toConfig(): JsonObject {
    const family = chosenFamily(this.options);
    return { architectures: [`${family.className}Model`], model_type: family.type, ...family.writeOptions(this.options) };
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
