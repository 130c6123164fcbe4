/** The regular expression of the JSON texts that a schema allows: json-schema.org, the part of it that automata can hold. */

import { UnsupportedError } from "@dl/core";
import type { JsonObject } from "../huggingface/config.ts";
import { Pattern } from "./pattern.ts";

const string = '"([^"\\\\\\u0000-\\u001f]|\\\\(["\\\\/bfnrt]|u[0-9a-fA-F]{4}))';
const integer = "-?(0|[1-9][0-9]{0,15})";
const number = `${integer}(\\.[0-9]{1,15})?([eE][+-]?[0-9]{1,3})?`;

/**
 * Texts without spaces between their parts; properties in the order of the schema, the required ones always there. Understands `type`
 * (string with `minLength`, `maxLength`, `pattern`; number, integer, boolean, null, object with `properties` and `required`, array with
 * `items`, `minItems`, `maxItems`), `enum`, `const`, `anyOf`.
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
  if (schema.enum !== undefined) return choice((schema.enum as unknown[]).map((value) => literal(JSON.stringify(value))));
  if (schema.const !== undefined) return literal(JSON.stringify(schema.const));
  if (schema.anyOf !== undefined) return choice((schema.anyOf as JsonObject[]).map((part, i) => sourceOf(part, `${where}.anyOf.${i}`)));
  const { type } = schema;
  if (Array.isArray(type)) return choice(type.map((one) => sourceOf({ ...schema, type: one as string }, where)));
  if (typeof type !== "string" || !Object.hasOwn(known, type))
    throw unsupported(where, `a type (${Object.keys(known).join(", ")})`, type ?? null);
  for (const key of Object.keys(schema)) {
    if (key !== "type" && !notes.has(key) && !known[type]!.includes(key)) throw unsupported(where, `keywords of ${type}`, key);
  }
  switch (type) {
    case "string":
      if (typeof schema.pattern === "string") return `"(${schema.pattern.replace(/^\^|\$$/g, "")})"`;
      return `${string}${range(schema.minLength, schema.maxLength)}"`;
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

function arraySource({ items, minItems = 0, maxItems = null }: JsonObject, where: string): string {
  if (typeof items !== "object" || items === null) throw unsupported(where, "a schema of the items", items ?? null);
  const item = `(${sourceOf(items as JsonObject, `${where}.items`)})`;
  const [least, most] = [Number(minItems), maxItems === null ? Number.POSITIVE_INFINITY : Number(maxItems)];
  if (most === 0) return "\\[\\]";
  const more = `${item}(,${item})${range(Math.max(0, least - 1), Number.isFinite(most) ? most - 1 : null)}`;
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

function range(least: unknown, most: unknown): string {
  const [from, to] = [Number(least ?? 0), most === undefined || most === null ? undefined : Number(most)];
  if (from === 0 && to === undefined) return "*";
  return to === undefined ? `{${from},}` : `{${from},${to}}`;
}

function choice(parts: readonly string[]): string {
  return `(${parts.join("|")})`;
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
