/** Reading a model's `config.json`: every value is checked, and what we cannot do is named. */

import { CheckpointError, UnsupportedError } from "@dl/core";
import type { Json } from "@dl/nn";

export type JsonObject = { readonly [key: string]: Json };

/** A `config.json`. `file` names it in errors; `mostLayers` is how many the weights beside it can be of (default any number). */
export class ModelConfig {
  readonly values: JsonObject;
  readonly file: string;
  readonly mostLayers: number;

  constructor(
    values: JsonObject,
    { file = "config.json", mostLayers = Number.POSITIVE_INFINITY }: { file?: string; mostLayers?: number } = {},
  ) {
    this.values = values;
    this.file = file;
    this.mostLayers = mostLayers;
  }

  /** Reads the text of a file. */
  static parse(text: string, { file = "config.json" }: { file?: string } = {}): ModelConfig {
    let values: unknown;
    try {
      values = JSON.parse(text);
    } catch (error) {
      throw new CheckpointError(`${file}: expected JSON, got ${(error as Error).message}.`, { cause: error });
    }
    if (typeof values !== "object" || values === null || Array.isArray(values)) {
      throw new CheckpointError(`${file}: expected a JSON object, got ${Array.isArray(values) ? "an array" : typeof values}.`);
    }
    return new ModelConfig(values as JsonObject, { file });
  }

  #expected(name: string, expected: string): CheckpointError {
    const got = Object.hasOwn(this.values, name) ? JSON.stringify(this.values[name]) : "none";
    return new CheckpointError(`${this.file}: expected ${JSON.stringify(name)} to be ${expected}, got ${got}.`);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.values, name) && this.values[name] !== null;
  }

  /** A whole number ≥ 1; `otherwise` when there is none. */
  count(name: string, otherwise?: number): number {
    const value = this.has(name) ? this.values[name] : otherwise;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 1) throw this.#expected(name, "a whole number of at least 1");
    return value;
  }

  /** How many layers: told before they are made, where the weights cannot be of so many. */
  layers(name: string, otherwise?: number): number {
    const layers = this.count(name, otherwise);
    if (layers > this.mostLayers) throw this.#expected(name, `at most ${this.mostLayers}, the number of tensors beside it`);
    return layers;
  }

  /** A finite number ≥ 0. */
  number(name: string, otherwise?: number): number {
    const value = this.has(name) ? this.values[name] : otherwise;
    if (typeof value !== "number" || !Number.isFinite(value) || value < 0) throw this.#expected(name, "a number of at least 0");
    return value;
  }

  flag(name: string, { otherwise }: { otherwise: boolean }): boolean {
    const value = this.has(name) ? this.values[name] : otherwise;
    if (typeof value !== "boolean") throw this.#expected(name, "true or false");
    return value;
  }

  /** A token id, or undefined where there is none. */
  id(name: string): number | undefined {
    if (!this.has(name)) return undefined;
    const value = this.values[name];
    if (typeof value !== "number" || !Number.isInteger(value)) throw this.#expected(name, "a token id");
    return value;
  }

  /** Token ids, of which a file may have one or a list; empty where there is none. */
  ids(name: string): readonly number[] {
    if (!this.has(name)) return [];
    const value = this.values[name];
    const ids: readonly Json[] = Array.isArray(value) ? value : [value as Json];
    return ids.map((id) => {
      if (typeof id !== "number" || !Number.isInteger(id)) throw this.#expected(name, "a token id, or a list of them");
      return id;
    });
  }

  /** Runs of token ids, such as `bad_words_ids`; none where there are none. */
  idLists(name: string): readonly (readonly number[])[] {
    if (!this.has(name)) return [];
    const value = this.values[name];
    const isIds = (list: unknown): list is number[] => Array.isArray(list) && list.length > 0 && list.every(Number.isInteger);
    if (!Array.isArray(value) || !value.every(isIds)) throw this.#expected(name, "a list of lists of token ids");
    return value;
  }

  /** One of the `known` words. */
  choice<T extends string>(name: string, { known, otherwise }: { known: readonly T[]; otherwise?: T }): T {
    const value = this.has(name) ? this.values[name] : otherwise;
    if (!known.includes(value as T)) throw this.#unsupported(name, `one of ${known.join(", ")}`);
    return value as T;
  }

  /** A setting of which only `value` is supported; none counts as it. */
  only(name: string, value: Json): void {
    if (this.has(name) && this.values[name] !== value) throw this.#unsupported(name, JSON.stringify(value));
  }

  /** An object below this one. */
  object(name: string): ModelConfig {
    const value = this.values[name];
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.#expected(name, "an object");
    return new ModelConfig(value as JsonObject, { file: `${this.file}: ${name}`, mostLayers: this.mostLayers });
  }

  /** Names of the classes, in order, from `id2label`; `LABEL_<n>` where only their number is known. */
  labels(): string[] {
    if (!this.has("id2label")) return Array.from({ length: this.count("num_labels", 2) }, (_, i) => `LABEL_${i}`);
    const { values } = this.object("id2label");
    return Object.keys(values).map((_, i) => {
      const label = values[String(i)];
      if (typeof label !== "string") throw this.#expected("id2label", "an object of names for 0, 1, …");
      return label;
    });
  }

  #unsupported(name: string, known: string): UnsupportedError {
    const got = Object.hasOwn(this.values, name) ? JSON.stringify(this.values[name]) : "none";
    const advice =
      name === "model_type" ? ". Open it with the class of that model, if @dl/transformer has it." : ", which @dl/transformer has not.";
    return new UnsupportedError(`${this.file}: expected ${JSON.stringify(name)} to be ${known}, got ${got}${advice}`);
  }
}

/** Class names as a config keeps them. */
export function labelFields(labels: readonly string[]): JsonObject {
  return {
    id2label: Object.fromEntries(labels.map((label, i) => [String(i), label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
  };
}
