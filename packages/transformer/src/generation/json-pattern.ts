/** The regular expression of the JSON texts that a schema allows: json-schema.org, the part of it that automata can hold. */

import { OptionError, UnsupportedError } from "@dl/core";
import type { JsonObject } from "../huggingface/config.ts";
import { Pattern } from "./pattern.ts";
import { mostRepeats } from "./pattern-parser.ts";

const string = '"([^"\\\\\\u0000-\\u001f]|\\\\(["\\\\/bfnrt]|u[0-9a-fA-F]{4}))';
const integer = "-?(0|[1-9][0-9]{0,15})";
const number = `${integer}(\\.[0-9]{1,15})?([eE][+-]?[0-9]{1,3})?`;

/**
 * Texts without spaces between their parts; properties in the order of the schema, the required ones always there, none that it does not
 * name. Understands `type`, one or a list (string with `minLength` and `maxLength`, or with `pattern`; number, integer, boolean, null,
 * object with `properties` and `required`, or with a schema as `additionalProperties` alone: any names; array with `items`, `minItems`,
 * `maxItems`), `enum`, `const`, `anyOf`. The whole of a string has to fit its `pattern`, not only a part. Lengths are of at most 1000.
 *
 * @throws UnsupportedError for anything else, with its place.
 * @example
 * const pattern = jsonPattern({ type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] });
 * pattern.matches('{"ok":true}'); // true
 */
export function jsonPattern(schema: JsonObject): Pattern {
  const source = sourceOf(schema, "schema");
  try {
    return new Pattern(source);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const reason = error.message.slice(error.message.lastIndexOf("expected"));
    throw new UnsupportedError(`jsonPattern: schema: expected what an automaton can hold: ${reason}`, { cause: error });
  }
}

const notes = new Set(["title", "description", "default", "examples", "$schema", "format"]);
const known: Readonly<Record<string, readonly string[]>> = {
  string: ["minLength", "maxLength", "pattern"],
  object: ["properties", "required", "additionalProperties"],
  array: ["items", "minItems", "maxItems"],
  number: [],
  integer: [],
  boolean: [],
  null: [],
};

function unsupported(where: string, expected: string, got: unknown): UnsupportedError {
  return new UnsupportedError(`jsonPattern: ${where}: expected ${expected}, got ${JSON.stringify(got)}.`);
}

const isOfType: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  array: Array.isArray,
  number: (value) => typeof value === "number",
  integer: Number.isInteger,
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
};

/** The types a schema names; none where it names none. */
function typesOf({ type }: JsonObject, where: string): readonly string[] {
  if (type === undefined) return [];
  return (Array.isArray(type) ? listOf(type, `${where}.type`) : [type]).map((one) => {
    if (typeof one !== "string" || !Object.hasOwn(known, one)) throw unsupported(where, `a type (${Object.keys(known).join(", ")})`, one);
    return one;
  });
}

/** Those of the values that are of the schema's types. */
function literals(values: readonly unknown[], types: readonly string[], where: string): string {
  const found = values.filter((value) => types.length === 0 || types.some((type) => isOfType[type]!(value)));
  if (found.length === 0) throw unsupported(where, `at least one value of type ${types.join(", ")}`, values);
  return choice(found.map((value) => literal(JSON.stringify(value))));
}

function sourceOf(schema: JsonObject, where: string): string {
  if (!isOfType.object!(schema)) throw unsupported(where, "a schema", schema);
  if (schema.enum !== undefined) {
    requireKeys(schema, { where, keyword: "enum", keys: ["enum", "type"] });
    return literals(listOf(schema.enum, `${where}.enum`), typesOf(schema, where), where);
  }
  if (schema.const !== undefined) {
    requireKeys(schema, { where, keyword: "const", keys: ["const", "type"] });
    return literals([schema.const], typesOf(schema, where), where);
  }
  if (schema.anyOf !== undefined) {
    requireKeys(schema, { where, keyword: "anyOf", keys: ["anyOf"] });
    return choice(listOf(schema.anyOf, `${where}.anyOf`).map((part, i) => sourceOf(part as JsonObject, `${where}.anyOf.${i}`)));
  }
  const types = typesOf(schema, where);
  if (types.length === 0) throw unsupported(where, `a type (${Object.keys(known).join(", ")})`, null);
  requireKeys(schema, { where, keyword: types.join(", "), keys: ["type", ...types.flatMap((type) => known[type]!)] });
  return types.length === 1 ? typeSource(types[0]!, schema, where) : choice(types.map((type) => typeSource(type, schema, where)));
}

function typeSource(type: string, schema: JsonObject, where: string): string {
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

function objectSource(schema: JsonObject, where: string): string {
  const { properties = {}, required = [], additionalProperties: others } = schema;
  if (!isOfType.object!(properties)) throw unsupported(`${where}.properties`, "an object", properties);
  if (!Array.isArray(required) || !required.every(isOfType.string!)) throw unsupported(`${where}.required`, "a list of names", required);
  for (const name of required as string[]) {
    if (!Object.hasOwn(properties as JsonObject, name)) throw unsupported(where, "required names among the properties", name);
  }
  const named = Object.entries(properties as JsonObject);
  if (isOfType.object!(others)) {
    // Names that differ from those given would take a negation.
    if (named.length > 0) throw unsupported(where, "named properties alone or any alone", schema);
    const each = `${string}*":(${sourceOf(others as JsonObject, `${where}.additionalProperties`)})`;
    return `\\{(${each}(,${each})*)?\\}`;
  }
  if (schema.properties === undefined && others !== false) {
    // It would allow values of any form, of which {} alone would be left.
    throw unsupported(
      where,
      "properties, or a schema as additionalProperties",
      others === undefined ? {} : { additionalProperties: others },
    );
  }
  if (named.length === 0) return "\\{\\}";
  const parts = named.map(([name, value]) => {
    const source = `${literal(JSON.stringify(name))}:(${sourceOf(value as JsonObject, `${where}.${name}`)})`;
    return (required as string[]).includes(name) ? source : `?${source}`;
  });
  return `\\{(?,${parts.join("|")})\\}`;
}

function count(value: unknown, where: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) throw unsupported(where, "a whole number ≥ 0", value);
  return value;
}

function range(least: unknown, most: unknown, where: string): string {
  const [from, to] = [count(least, where) ?? 0, count(most, where)];
  const longest = Math.max(from, to ?? 0);
  if (longest > mostRepeats) throw unsupported(where, `lengths of at most ${mostRepeats}`, longest);
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
