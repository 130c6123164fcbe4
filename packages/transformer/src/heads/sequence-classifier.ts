/** One answer for a whole text, or pair of texts, from the vector of its first token, or the mean of all. Devlin et al. 2018, section 4.1. */

import { narrow, type Rng, relu, type Scalar, squeeze, type Tensor, tanh } from "@dl/core";
import { binaryCrossEntropyWithLogits, crossEntropy, type Linear, type Mode, Module, meanSquaredError } from "@dl/nn";
import { dropIn } from "../drop-in.ts";
import { meanPooled } from "../embeddings/sentence-vectors.ts";
import type { ForwardOptions, TokenInput } from "../forward-pass.ts";
import { type JsonObject, labelFields, type ModelConfig } from "../huggingface/config.ts";
import { type EncoderFamily, familyOf, namesWithHead } from "../huggingface/encoder-family.ts";
import type { HuggingFaceNames } from "../huggingface/pretrained.ts";
import { BidirectionalEncoder } from "../models/bidirectional-encoder.ts";
import { chosenFamily, encoderFamilies } from "../models/encoder-families.ts";
import type { BidirectionalEncoderOptions } from "../models/encoder-options.ts";
import { normalLinear } from "../normal-layers.ts";

/** What the logits mean: one class, any number of classes, or numbers. */
export type Problem = "single_label_classification" | "multi_label_classification" | "regression";

export interface SequenceClassifierOptions extends BidirectionalEncoderOptions {
  /** Names of the classes, in the order of their logits. */
  labels: readonly string[];
  /** Default `single_label_classification`. */
  problem?: Problem;
  /** Rate before the last layer. Default as `dropout`. */
  headDropout?: number;
  /** Default the one whose form it is: `roberta` with positions after padding, `distilBert` without segments, `bertAlibi` with `alibi`, else `bert`. */
  family?: EncoderFamily;
}

/**
 * Token ids `[B, T]` → logits `[B, labels]`.
 *
 * @example
 * const model = new SequenceClassifier({ ...bertTiny, labels: ["negative", "positive"], rng });
 * const logits = model.forward({ ids: tensor([[101, 2204, 102]], { dtype: "int32" }) }, inference);
 */
export class SequenceClassifier extends Module {
  readonly encoder: BidirectionalEncoder;
  readonly dense: Linear;
  readonly output: Linear;
  readonly labels: readonly string[];
  readonly problem: Problem;
  readonly headDropout: number;
  readonly family: EncoderFamily;
  readonly huggingFace: HuggingFaceNames;

  constructor({ labels, problem = "single_label_classification", headDropout, family: given, ...options }: SequenceClassifierOptions) {
    super();
    const family = chosenFamily(options, given);
    const { size, dropout = 0.1, deviation = 0.02, rng } = options;
    this.encoder = new BidirectionalEncoder({ ...options, rng: rng.fork("encoder") });
    this.dense = normalLinear({ inputs: size, outputs: size, deviation, rng: rng.fork("dense") });
    this.output = normalLinear({ inputs: size, outputs: labels.length, deviation, rng: rng.fork("output") });
    this.labels = labels;
    this.problem = problem;
    this.headDropout = headDropout ?? dropout;
    this.family = family;
    this.huggingFace = namesWithHead(family, family.heads.sequence);
  }

  forward(input: TokenInput, mode: Mode, options: Pick<ForwardOptions, "trace" | "recompute"> = {}): Tensor {
    const hidden = this.encoder.forward(input, mode, options);
    const { sequencePooling, sequenceActivation } = this.family;
    const whole = sequencePooling === "mean" ? meanPooled(hidden, input.mask) : squeeze(narrow(hidden, 1, { start: 0, size: 1 }), 1); // [B, C]
    const activate = sequenceActivation === "tanh" ? tanh : relu;
    const pooled = activate(this.dense.forward(whole));
    return this.output.forward(dropIn(pooled, { mode, rate: this.headDropout }));
  }

  /**
   * The mean loss, by the problem: cross-entropy, binary cross-entropy of each label, squared error.
   *
   * @param labels  `[B]` int32; `[B, labels]` float32 of 0 and 1; float32 `[B]` or `[B, labels]`
   */
  loss(logits: Tensor, labels: Tensor, { labelSmoothing = 0 }: { labelSmoothing?: number } = {}): Scalar {
    switch (this.problem) {
      case "single_label_classification":
        return crossEntropy(logits, labels, { labelSmoothing });
      case "multi_label_classification":
        return binaryCrossEntropyWithLogits(logits, labels);
      case "regression":
        return meanSquaredError(logits.reshape(labels.shape), labels);
      default:
        return this.problem satisfies never;
    }
  }

  static fromConfig(config: ModelConfig, { rng }: { rng: Rng }): SequenceClassifier {
    const family = familyOf(config, encoderFamilies);
    const options = family.readOptions(config);
    const labels = config.labels();
    const problem = config.choice<Problem>("problem_type", {
      known: ["single_label_classification", "multi_label_classification", "regression"],
      // As transformers decides when it is not told.
      otherwise: labels.length === 1 ? "regression" : "single_label_classification",
    });
    const headDropout = config.number(family.headDropoutKey, options.dropout);
    return new SequenceClassifier({ ...options, labels, problem, headDropout, family, rng });
  }

  toConfig(): JsonObject {
    const { family, problem } = this;
    return {
      architectures: [`${family.className}ForSequenceClassification`],
      model_type: family.type,
      ...family.writeOptions(this.encoder.options),
      ...labelFields(this.labels),
      problem_type: problem,
      [family.headDropoutKey]: this.headDropout,
    };
  }
}
