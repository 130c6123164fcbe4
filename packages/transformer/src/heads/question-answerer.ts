/** The answer to a question as a span of a text: where it begins and where it ends. Devlin et al. 2018, section 4.2. */

import { narrow, type Rng, squeeze, type Tensor } from "@dl/core";
import { type Linear, type Mode, Module } from "@dl/nn";
import type { ForwardOptions, TokenInput } from "../forward-pass.ts";
import type { JsonObject, ModelConfig } from "../huggingface/config.ts";
import { type EncoderFamily, familyOf, namesWithHead } from "../huggingface/encoder-family.ts";
import type { HuggingFaceNames } from "../huggingface/pretrained.ts";
import { BidirectionalEncoder, type BidirectionalEncoderOptions } from "../models/bidirectional-encoder.ts";
import { normalLinear } from "../normal-layers.ts";
import { chosenFamily, encoderFamilies } from "./encoder-families.ts";

export interface QuestionAnswererOptions extends BidirectionalEncoderOptions {
  /** Default `bert`; with `alibi`, `bertAlibi`. */
  family?: EncoderFamily;
}

/** Token ids `[B, T]` → logits of the first and of the last token of the answer, `[B, T]` each; `spanLoss` is its loss. */
export class QuestionAnswerer extends Module {
  readonly encoder: BidirectionalEncoder;
  readonly output: Linear;
  readonly family: EncoderFamily;
  readonly huggingFace: HuggingFaceNames;

  constructor({ family: given, ...options }: QuestionAnswererOptions) {
    super();
    const family = chosenFamily(options, given);
    const { size, deviation = 0.02, rng } = options;
    this.encoder = new BidirectionalEncoder({ ...options, rng: rng.fork("encoder") });
    this.output = normalLinear({ inputs: size, outputs: 2, deviation, rng: rng.fork("output") });
    this.family = family;
    this.huggingFace = namesWithHead(family, family.heads.span);
  }

  forward(input: TokenInput, mode: Mode, options: Pick<ForwardOptions, "trace" | "recompute"> = {}): { start: Tensor; end: Tensor } {
    const logits = this.output.forward(this.encoder.forward(input, mode, options)); // [B, T, 2]
    const column = (start: number): Tensor => squeeze(narrow(logits, 2, { start, size: 1 }), 2);
    return { start: column(0), end: column(1) };
  }

  static fromConfig(config: ModelConfig, { rng }: { rng: Rng }): QuestionAnswerer {
    const family = familyOf(config, encoderFamilies);
    return new QuestionAnswerer({ ...family.readOptions(config), family, rng });
  }

  toConfig(): JsonObject {
    const { family } = this;
    return {
      architectures: [`${family.className}ForQuestionAnswering`],
      model_type: family.type,
      ...family.writeOptions(this.encoder.options),
    };
  }
}
