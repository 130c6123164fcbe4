/** How two entities of a text are related, from the vectors of the markers before each. Baldini Soares et al. 2019, arXiv:1906.03158, "entity start". */

import { concat, gather, type Rng, range, type Tensor } from "@dl/core";
import { type Linear, type Mode, Module } from "@dl/nn";
import { dropIn } from "../drop-in.ts";
import type { ForwardOptions, TokenInput } from "../forward-pass.ts";
import { type JsonObject, labelFields, type ModelConfig } from "../huggingface/config.ts";
import { type EncoderFamily, familyOf, namesWithHead } from "../huggingface/encoder-family.ts";
import type { HuggingFaceNames, NameTable } from "../huggingface/pretrained.ts";
import { BidirectionalEncoder } from "../models/bidirectional-encoder.ts";
import { chosenFamily, encoderFamilies } from "../models/encoder-families.ts";
import type { BidirectionalEncoderOptions } from "../models/encoder-options.ts";
import { normalLinear } from "../normal-layers.ts";

export interface RelationClassifierOptions extends BidirectionalEncoderOptions {
  /** Names of the relations, in the order of their logits. */
  labels: readonly string[];
  /** Rate before the last layer. Default as `dropout`. */
  headDropout?: number;
  /** Default the one whose form it is: `roberta` with positions after padding, `distilBert` without segments, `bertAlibi` with `alibi`, else `bert`. */
  family?: EncoderFamily;
}

export interface RelationInput extends TokenInput {
  /** `[B]` int32: the place of the marker before the first entity, such as `[E1]`. */
  readonly first: Tensor;
  /** `[B]` int32: that of the second. */
  readonly second: Tensor;
}

// A name of ours: transformers has no such head, and leaves it out when it reads the encoder.
const head: NameTable = { output: "relation_classifier" };

/**
 * Token ids `[B, T]` with marked entities → logits `[B, labels]`.
 *
 * @example
 * const model = new RelationClassifier({ ...bertTiny, labels: ["none", "works for"], rng });
 * const ids = tensor([[101, 1, 7, 2, 8, 102]], { dtype: "int32" }); // markers 1 and 2 before entities 7 and 8
 * model.forward({ ids, first: tensor(Int32Array.of(1)), second: tensor(Int32Array.of(3)) }, inference).shape; // [1, 2]
 */
export class RelationClassifier extends Module {
  readonly encoder: BidirectionalEncoder;
  readonly output: Linear;
  readonly labels: readonly string[];
  readonly headDropout: number;
  readonly family: EncoderFamily;
  readonly huggingFace: HuggingFaceNames;

  constructor({ labels, headDropout, family: given, ...options }: RelationClassifierOptions) {
    super();
    const family = chosenFamily(options, given);
    const { size, dropout = 0.1, deviation = 0.02, rng } = options;
    this.encoder = new BidirectionalEncoder({ ...options, rng: rng.fork("encoder") });
    this.output = normalLinear({ inputs: 2 * size, outputs: labels.length, deviation, rng: rng.fork("output") });
    this.labels = labels;
    this.headDropout = headDropout ?? dropout;
    this.family = family;
    this.huggingFace = namesWithHead(family, head);
  }

  forward({ first, second, ...input }: RelationInput, mode: Mode, options: Pick<ForwardOptions, "trace" | "recompute"> = {}): Tensor {
    const hidden = this.encoder.forward(input, mode, options); // [B, T, C]
    const [batch, time, size] = hidden.shape as readonly [number, number, number];
    const flat = hidden.reshape([batch * time, size]);
    const at = (places: Tensor): Tensor => gather(flat, range(batch * time, { step: time }).add(places), { axis: 0 }); // [B, C]
    return this.output.forward(dropIn(concat([at(first), at(second)], { axis: 1 }), { mode, rate: this.headDropout }));
  }

  static fromConfig(config: ModelConfig, { rng }: { rng: Rng }): RelationClassifier {
    const family = familyOf(config, encoderFamilies);
    const options = family.readOptions(config);
    const headDropout = config.number(family.headDropoutKey, options.dropout);
    return new RelationClassifier({ ...options, labels: config.labels(), headDropout, family, rng });
  }

  toConfig(): JsonObject {
    const { family } = this;
    return {
      architectures: [`${family.className}ForRelationClassification`],
      model_type: family.type,
      ...family.writeOptions(this.encoder.options),
      ...labelFields(this.labels),
      [family.headDropoutKey]: this.headDropout,
    };
  }
}

/**
 * Words with a marker before and after each of two entities.
 *
 * @param entities  Words `[start, end)` each, which may not overlap
 * @example
 * markEntities(["Ada", "met", "Bob"], { first: [0, 1], second: [2, 3] }); // ["[E1]", "Ada", "[/E1]", "met", "[E2]", "Bob", "[/E2]"]
 */
export function markEntities(
  words: readonly string[],
  { first, second }: { first: readonly [number, number]; second: readonly [number, number] },
): string[] {
  return [...words, ""].flatMap((word, i) => [
    ...(i === first[1] ? ["[/E1]"] : []),
    ...(i === second[1] ? ["[/E2]"] : []),
    ...(i === first[0] ? ["[E1]"] : []),
    ...(i === second[0] ? ["[E2]"] : []),
    ...(i < words.length ? [word] : []),
  ]);
}
