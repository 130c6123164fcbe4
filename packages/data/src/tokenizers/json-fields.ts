/** Reads fields of JSON that somebody else wrote: each with the type it must have, or an error that names its place. */

import { DataError } from "@dl/core";

export type JsonObject = Readonly<Record<string, unknown>>;

/** One object of a file, and its place there, for errors. */
export class JsonFields {
  readonly object: JsonObject;
  readonly path: string;

  constructor(value: unknown, path: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(path, "an object", value);
    this.object = value as JsonObject;
    this.path = path;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.object, name) && this.object[name] !== null && this.object[name] !== undefined;
  }

  string(name: string, fallback?: string): string {
    return this.#read(name, "string", fallback);
  }

  boolean(name: string, fallback?: boolean): boolean {
    return this.#read(name, "boolean", fallback);
  }

  /** A finite number. */
  number(name: string, fallback?: number): number {
    return this.#read(name, "number", fallback);
  }

  /** A whole number from 0 up. */
  count(name: string, fallback?: number): number {
    const value = this.number(name, fallback);
    if (!Number.isSafeInteger(value) || value < 0) throw wrong(`${this.path}.${name}`, "a whole number of at least 0", value);
    return value;
  }

  /** One of `choices`. */
  choice<T extends string>(name: string, choices: readonly T[], fallback?: T): T {
    const value = this.string(name, fallback);
    if (!(choices as readonly string[]).includes(value)) throw wrong(`${this.path}.${name}`, choices.join(" or "), value);
    return value as T;
  }

  array(name: string): readonly unknown[] {
    const value = this.object[name];
    if (!Array.isArray(value)) throw wrong(`${this.path}.${name}`, "an array", value);
    return value;
  }

  fields(name: string): JsonFields {
    return new JsonFields(Object.hasOwn(this.object, name) ? this.object[name] : undefined, `${this.path}.${name}`);
  }

  /** The objects of an array. */
  list(name: string): JsonFields[] {
    return this.array(name).map((value, i) => new JsonFields(value, `${this.path}.${name}[${i}]`));
  }

  strings(name: string): string[] {
    return this.array(name).map((value, i) => {
      if (typeof value !== "string") throw wrong(`${this.path}.${name}[${i}]`, "a string", value);
      return value;
    });
  }

  #read<T>(name: string, type: "string" | "boolean" | "number", fallback: T | undefined): T {
    const value = this.has(name) ? this.object[name] : fallback;
    if (typeof value !== type || (type === "number" && !Number.isFinite(value))) throw wrong(`${this.path}.${name}`, `a ${type}`, value);
    return value as T;
  }
}

/** An error that names the place of a value in the file. */
export function wrong(path: string, expected: string, got: unknown): DataError {
  const shown = got === undefined ? "nothing" : (JSON.stringify(got)?.slice(0, 80) ?? String(got));
  return new DataError(`tokenizer.json: expected ${path} to be ${expected}, got ${shown}.`);
}
