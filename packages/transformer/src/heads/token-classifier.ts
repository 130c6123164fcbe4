/** A class for each token: named entities, parts of speech. Devlin et al. 2018, section 5.3. */

import type { Rng, Tensor } from "@dl/core";
import { type Linear, type Mode, Module } from "@dl/nn";
import { dropIn } from "../drop-in.ts";
import type { ForwardOptions, TokenInput } from "../forward-pass.ts";
import { type JsonObject, labelFields, type ModelConfig } from "../huggingface/config.ts";
import { type EncoderFamily, familyOf, namesWithHead } from "../huggingface/encoder-family.ts";
import type { HuggingFaceNames } from "../huggingface/pretrained.ts";
import { BidirectionalEncoder } from "../models/bidirectional-encoder.ts";
import { chosenFamily, encoderFamilies } from "../models/encoder-families.ts";
import type { BidirectionalEncoderOptions } from "../models/encoder-options.ts";
import { normalLinear } from "../normal-layers.ts";

export interface TokenClassifierOptions extends BidirectionalEncoderOptions {
  /** Names of the classes, such as `O`, `B-person`, `I-person`. */
  labels: readonly string[];
  /** Rate before the last layer. Default as `dropout`. */
  headDropout?: number;
  /** Default the one whose form it is: `roberta` with positions after padding, `distilBert` without segments, `bertAlibi` with `alibi`, else `bert`. */
  family?: EncoderFamily;
}

/** Token ids `[B, T]` → logits `[B, T, labels]`; `tokenLoss` is its loss. */
export class TokenClassifier extends Module {
  readonly encoder: BidirectionalEncoder;
  readonly output: Linear;
  readonly labels: readonly string[];
  readonly headDropout: number;
  readonly family: EncoderFamily;
  readonly huggingFace: HuggingFaceNames;

  constructor({ labels, headDropout, family: given, ...options }: TokenClassifierOptions) {
    super();
    const family = chosenFamily(options, given);
    const { size, dropout = 0.1, deviation = 0.02, rng } = options;
    this.encoder = new BidirectionalEncoder({ ...options, rng: rng.fork("encoder") });
    this.output = normalLinear({ inputs: size, outputs: labels.length, deviation, rng: rng.fork("output") });
    this.labels = labels;
    this.headDropout = headDropout ?? dropout;
    this.family = family;
    this.huggingFace = namesWithHead(family, family.heads.token);
  }

  forward(input: TokenInput, mode: Mode, options: Pick<ForwardOptions, "trace" | "recompute"> = {}): Tensor {
    const hidden = this.encoder.forward(input, mode, options);
    return this.output.forward(dropIn(hidden, { mode, rate: this.headDropout }));
  }

  static fromConfig(config: ModelConfig, { rng }: { rng: Rng }): TokenClassifier {
    const family = familyOf(config, encoderFamilies);
    const options = family.readOptions(config);
    // DistilBERT's token head drops as its encoder does.
    const headDropout =
      family.headDropoutKey === "classifier_dropout" ? config.number("classifier_dropout", options.dropout) : options.dropout;
    return new TokenClassifier({ ...options, labels: config.labels(), headDropout, family, rng });
  }

  toConfig(): JsonObject {
    const { family } = this;
    return {
      architectures: [`${family.className}ForTokenClassification`],
      model_type: family.type,
      ...family.writeOptions(this.encoder.options),
      ...labelFields(this.labels),
      ...(family.headDropoutKey === "classifier_dropout" && { classifier_dropout: this.headDropout }),
    };
  }
}
