/** What an encoder of BERT's kind is made with, and the defaults. */

import type { Rng } from "@dl/core";
import type { ActivationName } from "../activation.ts";

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

/** The options without the chance, all of them said. */
export type EncoderSettings = Required<EncoderPreset>;

/** The options with their defaults. */
export function encoderSettings(given: EncoderPreset): EncoderSettings {
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
