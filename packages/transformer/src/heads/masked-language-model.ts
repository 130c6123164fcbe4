/** Which token a mask hides: how encoders are pretrained. Devlin et al. 2018, section 3.1. */

import type { Rng, Tensor } from "@dl/core";
import { init, LayerNorm, type Linear, type Mode, Module, Parameter } from "@dl/nn";
import { activations } from "../activation.ts";
import type { ForwardOptions, TokenInput } from "../forward-pass.ts";
import type { JsonObject, ModelConfig } from "../huggingface/config.ts";
import { type EncoderFamily, familyOf, namesWithHead } from "../huggingface/encoder-family.ts";
import type { HuggingFaceNames } from "../huggingface/pretrained.ts";
import { BidirectionalEncoder } from "../models/bidirectional-encoder.ts";
import { chosenFamily, encoderFamilies } from "../models/encoder-families.ts";
import type { BidirectionalEncoderOptions } from "../models/encoder-options.ts";
import { normalLinear } from "../normal-layers.ts";
import { tiedLogits } from "../tied-logits.ts";

export interface MaskedLanguageModelOptions extends BidirectionalEncoderOptions {
  /** Default the one whose form it is: `roberta` with positions after padding, `distilBert` without segments, `bertAlibi` with `alibi`, else `bert`. */
  family?: EncoderFamily;
}

/** Token ids `[B, T]` → logits `[B, T, vocabulary]`; `tokenLoss` is its loss. The last layer shares its weights with the embedding. */
export class MaskedLanguageModel extends Module {
  readonly encoder: BidirectionalEncoder;
  readonly dense: Linear;
  readonly norm: LayerNorm;
  /** `[vocabulary]` */
  readonly bias: Parameter;
  readonly family: EncoderFamily;
  readonly huggingFace: HuggingFaceNames;

  constructor({ family: given, ...options }: MaskedLanguageModelOptions) {
    super();
    const family = chosenFamily(options, given);
    const { size, vocabulary, deviation = 0.02, epsilon = 1e-12, rng } = options;
    this.encoder = new BidirectionalEncoder({ ...options, rng: rng.fork("encoder") });
    this.dense = normalLinear({ inputs: size, outputs: size, deviation, rng: rng.fork("dense") });
    this.norm = new LayerNorm({ size, epsilon });
    this.bias = new Parameter(init.zeros([vocabulary]));
    this.family = family;
    this.huggingFace = namesWithHead(family, family.heads.masked);
  }

  forward(input: TokenInput, mode: Mode, options: Pick<ForwardOptions, "trace" | "recompute"> = {}): Tensor {
    return this.logits(this.encoder.forward(input, mode, options));
  }

  /** `[…, C]` → `[…, vocabulary]` */
  logits(hidden: Tensor): Tensor {
    const activate = activations[this.family.maskedActivation(this.encoder.options)];
    const transformed = this.norm.forward(activate(this.dense.forward(hidden)));
    return tiedLogits(transformed, this.encoder.tokens).add(this.bias.value);
  }

  static fromConfig(config: ModelConfig, { rng }: { rng: Rng }): MaskedLanguageModel {
    const family = familyOf(config, encoderFamilies);
    config.only("tie_word_embeddings", true);
    return new MaskedLanguageModel({ ...family.readOptions(config), family, rng });
  }

  toConfig(): JsonObject {
    const { family } = this;
    return {
      architectures: [`${family.className}ForMaskedLM`],
      model_type: family.type,
      ...family.writeOptions(this.encoder.options),
      tie_word_embeddings: true,
    };
  }
}
