/** The regular expression of the JSON texts that a schema allows: json-schema.org, the part of it that automata can hold. */

import { OptionError, UnsupportedError } from "@dl/core";
import type { JsonObject } from "../huggingface/config.ts";
import { Pattern } from "./pattern.ts";

const string = '"([^"\\\\\\u0000-\\u001f]|\\\\(["\\\\/bfnrt]|u[0-9a-fA-F]{4}))';
const integer = "-?(0|[1-9][0-9]{0,15})";
const number = `${integer}(\\.[0-9]{1,15})?([eE][+-]?[0-9]{1,3})?`;

/**
 * Texts without spaces between their parts; properties in the order of the schema, the required ones always there. Understands `type`
 * (string with `minLength` and `maxLength`, or with `pattern`; number, integer, boolean, null, object with `properties` and `required`,
 * array with `items`, `minItems`, `maxItems`), `enum`, `const`, `anyOf`. The whole of a string has to fit its `pattern`, not only a part.
 *
 * @throws UnsupportedError for anything else, with its place.
 * @example
 * const pattern = jsonPattern({ type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] });
 * pattern.matches('{"ok":true}'); // true
 */
export function jsonPattern(schema: JsonObject): Pattern {
  return new Pattern(sourceOf(schema, "schema"));
}

const notes = new Set(["title", "description", "default", "examples", "$schema", "additionalProperties", "format"]);
const known: Readonly<Record<string, readonly string[]>> = {
  string: ["minLength", "maxLength", "pattern"],
  object: ["properties", "required"],
  array: ["items", "minItems", "maxItems"],
  number: [],
  integer: [],
  boolean: [],
  null: [],
};

function unsupported(where: string, expected: string, got: unknown): UnsupportedError {
  return new UnsupportedError(`jsonPattern: ${where}: expected ${expected}, got ${JSON.stringify(got)}.`);
}

function sourceOf(schema: JsonObject, where: string): string {
  if (schema.enum !== undefined) {
    // The values say more than their type.
    requireKeys(schema, { where, keyword: "enum", keys: ["enum", "type"] });
    return choice(listOf(schema.enum, `${where}.enum`).map((value) => literal(JSON.stringify(value))));
  }
  if (schema.const !== undefined) {
    requireKeys(schema, { where, keyword: "const", keys: ["const", "type"] });
    return literal(JSON.stringify(schema.const));
  }
  if (schema.anyOf !== undefined) {
    requireKeys(schema, { where, keyword: "anyOf", keys: ["anyOf"] });
    return choice(listOf(schema.anyOf, `${where}.anyOf`).map((part, i) => sourceOf(part as JsonObject, `${where}.anyOf.${i}`)));
  }
  const { type } = schema;
  if (Array.isArray(type)) return choice(type.map((one) => sourceOf({ ...schema, type: one as string }, where)));
  if (typeof type !== "string" || !Object.hasOwn(known, type))
    throw unsupported(where, `a type (${Object.keys(known).join(", ")})`, type ?? null);
  requireKeys(schema, { where, keyword: type, keys: ["type", ...known[type]!] });
  switch (type) {
    case "string":
      return stringSource(schema, where);
    case "number":
      return number;
    case "integer":
      return integer;
    case "boolean":
      return "(true|false)";
    case "null":
      return "null";
    case "array":
      return arraySource(schema, where);
    default:
      return objectSource(schema, where);
  }
}

function requireKeys(schema: JsonObject, { where, keyword, keys }: { where: string; keyword: string; keys: readonly string[] }): void {
  for (const key of Object.keys(schema)) {
    if (!notes.has(key) && !keys.includes(key)) throw unsupported(where, `keywords of ${keyword}`, key);
  }
}

function listOf(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw unsupported(where, "a list of at least one", value);
  return value;
}

function stringSource({ pattern, minLength, maxLength }: JsonObject, where: string): string {
  if (pattern === undefined) return `${string}${range(minLength, maxLength, where)}"`;
  if (minLength !== undefined || maxLength !== undefined) {
    throw unsupported(where, "pattern without minLength and maxLength (put the length into the pattern)", { minLength, maxLength });
  }
  if (typeof pattern !== "string") throw unsupported(`${where}.pattern`, "a regular expression", pattern);
  try {
    // On its own first: what closes a group it did not open must not close the one around it.
    new Pattern(pattern);
  } catch (error) {
    if (error instanceof OptionError) throw new UnsupportedError(`jsonPattern: ${where}.pattern: ${error.message}`, { cause: error });
    throw error;
  }
  return `"(?"${pattern})"`;
}

function arraySource({ items, minItems, maxItems }: JsonObject, where: string): string {
  if (typeof items !== "object" || items === null) throw unsupported(where, "a schema of the items", items ?? null);
  const item = `(${sourceOf(items as JsonObject, `${where}.items`)})`;
  const least = count(minItems, `${where}.minItems`) ?? 0;
  const most = count(maxItems, `${where}.maxItems`);
  if (most !== undefined && most < least) throw unsupported(where, "minItems of at most maxItems", { minItems, maxItems });
  if (most === 0) return "\\[\\]";
  const more = `${item}(,${item})${range(Math.max(0, least - 1), most === undefined ? undefined : most - 1, where)}`;
  return least === 0 ? `\\[(${more})?\\]` : `\\[${more}\\]`;
}

function objectSource({ properties = {}, required = [] }: JsonObject, where: string): string {
  const parts = Object.entries(properties as JsonObject).map(([name, schema]) => ({
    source: `${literal(JSON.stringify(name))}:${`(${sourceOf(schema as JsonObject, `${where}.${name}`)})`}`,
    isRequired: (required as string[]).includes(name),
  }));
  for (const name of required as string[]) {
    if (!Object.hasOwn(properties as JsonObject, name)) throw unsupported(where, "required names among the properties", name);
  }
  // Which property comes first decides where the commas stand: one branch for each that may be first.
  const after = (from: number): string =>
    parts
      .slice(from)
      .map(({ source, isRequired }) => (isRequired ? `,${source}` : `(,${source})?`))
      .join("");
  const firstRequired = parts.findIndex(({ isRequired }) => isRequired);
  const last = firstRequired < 0 ? parts.length - 1 : firstRequired;
  const branches = parts.slice(0, last + 1).map(({ source }, i) => `${source}${after(i + 1)}`);
  if (firstRequired < 0) branches.push("");
  return `\\{${choice(branches)}\\}`;
}

function count(value: unknown, where: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) throw unsupported(where, "a whole number ≥ 0", value);
  return value;
}

function range(least: unknown, most: unknown, where: string): string {
  const [from, to] = [count(least, where) ?? 0, count(most, where)];
  if (to !== undefined && to < from) throw unsupported(where, "a smallest length of at most the largest", [from, to]);
  if (from === 0 && to === undefined) return "*";
  return to === undefined ? `{${from},}` : `{${from},${to}}`;
}

function choice(parts: readonly string[]): string {
  return `(${parts.join("|")})`;
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
