/** The answer to a question as a span of a text: where it begins and where it ends. Devlin et al. 2018, section 4.2. */

import { narrow, OptionError, type Rng, squeeze, type Tensor } from "@dl/core";
import { type Linear, type Mode, Module } from "@dl/nn";
import { dropIn } from "../drop-in.ts";
import type { ForwardOptions, TokenInput } from "../forward-pass.ts";
import type { JsonObject, ModelConfig } from "../huggingface/config.ts";
import { type EncoderFamily, familyOf, namesWithHead } from "../huggingface/encoder-family.ts";
import type { HuggingFaceNames } from "../huggingface/pretrained.ts";
import { BidirectionalEncoder } from "../models/bidirectional-encoder.ts";
import { chosenFamily, encoderFamilies } from "../models/encoder-families.ts";
import type { BidirectionalEncoderOptions } from "../models/encoder-options.ts";
import { normalLinear } from "../normal-layers.ts";

export interface QuestionAnswererOptions extends BidirectionalEncoderOptions {
  /** Rate before the last layer, of DistilBERT alone. Default 0.1 there, else 0. */
  headDropout?: number;
  /** Default `bert`; with `alibi`, `bertAlibi`. */
  family?: EncoderFamily;
}

/** Token ids `[B, T]` → logits of the first and of the last token of the answer, `[B, T]` each; `spanLoss` is its loss. */
export class QuestionAnswerer extends Module {
  readonly encoder: BidirectionalEncoder;
  readonly output: Linear;
  readonly headDropout: number;
  readonly family: EncoderFamily;
  readonly huggingFace: HuggingFaceNames;

  constructor({ family: given, headDropout, ...options }: QuestionAnswererOptions) {
    super();
    const family = chosenFamily(options, given);
    const usual = family.spanDropoutKey === undefined ? 0 : 0.1;
    if (family.spanDropoutKey === undefined && (headDropout ?? 0) !== 0) {
      throw new OptionError(
        `QuestionAnswerer: expected headDropout 0, as ${family.className}'s files have no place for one, got ${headDropout}. Leave it out.`,
      );
    }
    const { size, deviation = 0.02, rng } = options;
    this.encoder = new BidirectionalEncoder({ ...options, rng: rng.fork("encoder") });
    this.output = normalLinear({ inputs: size, outputs: 2, deviation, rng: rng.fork("output") });
    this.headDropout = headDropout ?? usual;
    this.family = family;
    this.huggingFace = namesWithHead(family, family.heads.span);
  }

  forward(input: TokenInput, mode: Mode, options: Pick<ForwardOptions, "trace" | "recompute"> = {}): { start: Tensor; end: Tensor } {
    const hidden = dropIn(this.encoder.forward(input, mode, options), { mode, rate: this.headDropout });
    const logits = this.output.forward(hidden); // [B, T, 2]
    const column = (start: number): Tensor => squeeze(narrow(logits, 2, { start, size: 1 }), 2);
    return { start: column(0), end: column(1) };
  }

  static fromConfig(config: ModelConfig, { rng }: { rng: Rng }): QuestionAnswerer {
    const family = familyOf(config, encoderFamilies);
    const headDropout = family.spanDropoutKey === undefined ? 0 : config.number(family.spanDropoutKey, 0.1);
    return new QuestionAnswerer({ ...family.readOptions(config), headDropout, family, rng });
  }

  toConfig(): JsonObject {
    const { family } = this;
    return {
      architectures: [`${family.className}ForQuestionAnswering`],
      model_type: family.type,
      ...family.writeOptions(this.encoder.options),
      ...(family.spanDropoutKey !== undefined && { [family.spanDropoutKey]: this.headDropout }),
    };
  }
}
