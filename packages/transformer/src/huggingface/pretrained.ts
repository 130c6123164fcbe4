/** What a model must say of itself to be read and written as Hugging Face's transformers does. */

import type { Rng } from "@dl/core";
import type { Module } from "@dl/nn";
import type { JsonObject, ModelConfig } from "./config.ts";

/**
 * Our paths of modules (or of single parameters), and theirs; `#` stands for a number. The longest that fits counts.
 *
 * A module's fields keep their names (`weight`, `bias`); layouts follow from what the module is.
 */
export type NameTable = Readonly<Record<string, string>>;

/** A second name of weights that are shared. */
export interface SharedCopy {
  readonly name: RegExp;
  /** Our path of the weights. */
  readonly path: string;
  /** Changes of the configuration with which the model has weights of its own there. Default: it cannot. */
  readonly untied?: JsonObject;
}

/** Names of a model's tensors in transformers. */
export interface HuggingFaceNames {
  readonly table: NameTable;
  /** Before all names but those of heads, in files of a model with a head: `bert`. A file of the bare model has it left out. */
  readonly prefix: string;
  /** Our paths of the head: what a file of the bare model, or of one with another head, lacks. Default none. */
  readonly head?: readonly string[] | undefined;
  /** Names a file may hold that we do not need, such as buffers of old versions. */
  readonly ignored?: readonly RegExp[] | undefined;
  /** Our paths of tensors that are zero where a file lacks them. Default none. */
  readonly zeros?: readonly string[] | undefined;
  /** Names a file may hold beside the weights they share, by our path of those: alike, or the file is of a model that shares less. Default none. */
  readonly copies?: readonly SharedCopy[] | undefined;
  /** Older or alternative names a file may have, and what they stand for now. Default none. */
  readonly aliases?: readonly (readonly [pattern: RegExp, replacement: string])[] | undefined;
  /** Our paths of tensors that have so many more axes of length 1 in front there. Default none. */
  readonly leadingOnes?: Readonly<Record<string, number>> | undefined;
  /** Our paths of dense weights that transformers keeps as `[in, out]`, as we do (GPT-2's Conv1D). Default none. */
  readonly untransposed?: RegExp | undefined;
}

/** A model with a place in transformers. */
export interface Pretrained extends Module {
  readonly huggingFace: HuggingFaceNames;
  /** As `config.json` has it. */
  toConfig(): JsonObject;
}

/** The class of such a model. */
export interface PretrainedClass<M extends Pretrained> {
  readonly name: string;
  /** The model that `config` describes, with first values drawn from `rng`. */
  fromConfig(config: ModelConfig, options: { rng: Rng }): M;
}
