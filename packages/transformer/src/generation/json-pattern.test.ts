import { UnsupportedError } from "@dl/core";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../huggingface/config.ts";
import { jsonPattern } from "./json-pattern.ts";
import { Pattern } from "./pattern.ts";

/** Every text of at most `longest` of these characters. */
function textsOf(characters: string, longest: number): string[] {
  let last = [""];
  const all = [""];
  for (let length = 0; length < longest; length++) {
    last = last.flatMap((text) => [...characters].map((character) => text + character));
    all.push(...last);
  }
  return all;
}

describe("a string with a pattern", () => {
  const candidates = textsOf('a$"\\n1\n', 4);

  test.each([".*", "^a+$", "^a|1$", "^1\\$", "^1\\\\$", '"*', "[^a]*", '["\\\\a]+', "\\W{2}", "(?:a|\\n)1?", "\\s*", "^\\$a$", "a?[$]"])(
    "%s: allows JSON alone, of just the strings that fit it",
    (source) => {
      const pattern = jsonPattern({ type: "string", pattern: source });
      // What JavaScript takes for the whole, with the ends we take for granted.
      const whole = new RegExp(`^(?:${source.replaceAll(/(?<!\\)\$(?=$|\|)/g, "").replaceAll(/(^|\|)\^/g, "$1")})$`, "u");
      let fit = 0;
      for (const candidate of candidates) {
        if (pattern.matches(`"${candidate}"`)) expect(JSON.parse(`"${candidate}"`), candidate).toMatch(whole);
        const isMeant = whole.test(candidate);
        expect(pattern.matches(JSON.stringify(candidate)), JSON.stringify(candidate)).toBe(isMeant);
        if (isMeant) fit++;
      }
      expect(fit).toBeGreaterThan(0);
    },
  );

  test("stands inside of other schemas, and closes no group but its own", () => {
    const pattern = jsonPattern({ type: "object", properties: { id: { type: "string", pattern: "^[a-z]+$|^0$" } }, required: ["id"] });
    expect(pattern.matches('{"id":"abc"}')).toBe(true);
    expect(pattern.matches('{"id":"0"}')).toBe(true);
    expect(pattern.matches('{"id":"a0"}')).toBe(false);
    expect(() => jsonPattern({ type: "string", pattern: "a)b(c" })).toThrow(/schema\.pattern: Pattern "a\)b\(c": expected nothing more/);
  });

  test.each([
    [{ type: "string", pattern: "a", minLength: 2 }, /expected pattern without minLength and maxLength .*, got \{"minLength":2\}/],
    [{ type: "string", pattern: 3 }, /schema\.pattern: expected a regular expression, got 3/],
    [{ type: "string", pattern: "(?=a)" }, /schema\.pattern: Pattern/],
    [{ type: "string", pattern: "a^b" }, /expected \^ at an end only/],
    [{ type: "string", minLength: "2" }, /expected a whole number ≥ 0, got "2"/],
    [{ type: "string", minLength: 3, maxLength: 2 }, /smallest length of at most the largest/],
    [{ enum: [1, 2], minimum: 2 }, /expected keywords of enum, got "minimum"/],
    [{ enum: [] }, /expected a list of at least one, got \[\]/],
    [{ anyOf: [{ type: "null" }], type: "string" }, /expected keywords of anyOf, got "type"/],
  ])("%j is named as what it is not", (schema, message) => {
    expect(() => jsonPattern(schema)).toThrow(UnsupportedError);
    expect(() => jsonPattern(schema)).toThrow(message);
  });
});

describe("types", () => {
  test("of a list have each their own keywords", () => {
    const pattern = jsonPattern({ type: ["string", "null", "array"], maxLength: 2, items: { type: "integer" }, minItems: 1 });
    expect(['"ab"', "null", "[1,2]", '""'].every((text) => pattern.matches(text))).toBe(true);
    expect(['"abc"', "[]", "1"].some((text) => pattern.matches(text))).toBe(false);
    expect(() => jsonPattern({ type: ["string", "null"], maxItems: 3 })).toThrow(/expected keywords of string, null, got "maxItems"/);
    expect(() => jsonPattern({ type: [] })).toThrow(/schema\.type: expected a list of at least one, got \[\]/);
    expect(() => jsonPattern({ type: ["string", "integers"] })).toThrow(/expected a type .*, got "integers"/);
  });

  test("leave of the values of an enum those that are of them", () => {
    const pattern = jsonPattern({ type: ["string", "integer"], enum: ["a", 1, 1.5, null, true, [2], { b: 3 }] });
    expect(['"a"', "1", "1.5", "null", "true", "[2]", '{"b":3}'].filter((text) => pattern.matches(text))).toEqual(['"a"', "1"]);
    const held = { number: [1, 1.5], null: [null], boolean: [true], array: [[2]], object: [{ b: 3 }] };
    for (const [type, wanted] of Object.entries(held)) {
      const values = ["a", 1, 1.5, null, true, [2], { b: 3 }];
      const one = jsonPattern({ type, enum: values });
      expect(
        values.filter((value) => one.matches(JSON.stringify(value))),
        type,
      ).toEqual(wanted);
    }
    expect(() => jsonPattern({ type: "string", enum: [1, null] })).toThrow(/expected at least one value of type string, got \[1,null\]/);
    expect(() => jsonPattern({ type: "string", const: 1 })).toThrow(/expected at least one value of type string, got \[1\]/);
    expect(jsonPattern({ const: null }).matches("null")).toBe(true);
  });
});

describe("objects", () => {
  const texts = (names: readonly string[]): string[] =>
    Array.from({ length: 2 ** names.length }, (_, chosen) => {
      const held = names.filter((_, i) => (chosen >> i) % 2 === 1);
      return `{${held.map((name) => `"${name}":null`).join(",")}}`;
    });

  test.each([[[]], [["a"]], [["b"]], [["c"]], [["a", "c"]], [["a", "b", "c"]]])(
    "may leave out every property but the required: %j",
    (required) => {
      const properties = Object.fromEntries(["a", "b", "c"].map((name) => [name, { type: "null" }]));
      const pattern = jsonPattern({ type: "object", properties, required });
      for (const text of texts(["a", "b", "c"])) {
        const isMeant = required.every((name) => text.includes(name));
        expect(pattern.matches(text), text).toBe(isMeant);
      }
      for (const text of ['{,"a":null}', '{"a":null,}', '{"a":null"b":null}', '{"b":null,"a":null}', '{"a":null,,"c":null}', "{,}"]) {
        expect(pattern.matches(text), text).toBe(false);
      }
    },
  );

  test("with two levels of forty optional properties are held, in steps that stay small", () => {
    const level = (inner: JsonObject): JsonObject => ({
      type: "object",
      properties: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`p${i}`, inner])),
    });
    const pattern = jsonPattern(level(level({ type: "string" })));
    expect(pattern.matches('{"p0":{"p3":"x","p39":"y"},"p39":{"p0":""}}')).toBe(true);
    expect(pattern.matches('{"p0":{"p39":"x","p3":"y"}}')).toBe(false);
  });

  test("of any names are maps; what only looks like one is refused", () => {
    const pattern = jsonPattern({ type: "object", additionalProperties: { type: "integer" } });
    for (const text of ["{}", '{"a":1}', '{"a":1,"":-2,"\\n":3}']) expect(pattern.matches(text), text).toBe(true);
    for (const text of ['{"a":"b"}', '{"a":1,}', "{a:1}"]) expect(pattern.matches(text), text).toBe(false);
    const properties = { a: { type: "null" } };
    for (const additionalProperties of [true, false]) {
      expect(jsonPattern({ type: "object", properties, additionalProperties }).matches('{"a":null}')).toBe(true);
    }
    expect(jsonPattern({ type: "object", properties: {} }).matches("{}")).toBe(true);
    expect(jsonPattern({ type: "object", additionalProperties: false }).matches("{}")).toBe(true);
    for (const [schema, message] of [
      [{ type: "object" }, /schema: expected properties, or a schema as additionalProperties, got \{\}/],
      [{ type: "object", additionalProperties: true }, /or a schema as additionalProperties, got \{"additionalProperties":true\}/],
      [{ type: "object", properties, additionalProperties: { type: "null" } }, /expected named properties alone or any alone, got/],
      [
        { type: "object", additionalProperties: { type: "null" }, required: ["b"] },
        /expected required names among the properties, got "b"/,
      ],
      [{ type: "object", properties: [] }, /schema\.properties: expected an object, got \[\]/],
      [{ type: "object", properties: { a: null } }, /schema\.a: expected a schema, got null/],
      [{ type: "object", properties, required: "a" }, /schema\.required: expected a list of names, got "a"/],
      [{ anyOf: [null] }, /schema\.anyOf\.0: expected a schema, got null/],
    ] as const) {
      expect(() => jsonPattern(schema as unknown as JsonObject)).toThrow(UnsupportedError);
      expect(() => jsonPattern(schema as unknown as JsonObject)).toThrow(message);
    }
  });
});

test.each([
  [{ type: "string", maxLength: 2000 }, /schema: expected lengths of at most 1000, got 2000/],
  [
    { type: "object", properties: { a: { type: "array", items: { type: "null" }, minItems: 1500 } } },
    /schema\.a: expected lengths of at most 1000/,
  ],
  [
    { type: "array", maxItems: 1000, items: { type: "array", maxItems: 1000, items: { type: "null" } } },
    /expected what an automaton can hold: .* a pattern of fewer repeats/,
  ],
])("lengths that an automaton cannot hold are refused as not supported: %j", (schema, message) => {
  expect(() => jsonPattern(schema)).toThrow(UnsupportedError);
  expect(() => jsonPattern(schema)).toThrow(message);
});

test("a list with commas holds its parts in order, each once, with commas between those that are there", () => {
  const pattern = new Pattern("<(?,a+|?b|?(c|d))>");
  for (const text of ["<a>", "<aa,b>", "<a,c>", "<a,b,d>"]) expect(pattern.matches(text), text).toBe(true);
  for (const text of ["<>", "<b>", "<a,>", "<,b>", "<ab>", "<a,b,c,d>", "<a,d,b>"]) expect(pattern.matches(text), text).toBe(false);
  expect(new Pattern("x(?,?b)").matches("x")).toBe(true);
  expect(() => new Pattern("(?,a")).toThrow(/expected "\)"/);
  expect(() => new Pattern('(?"(?,a))')).toThrow(/expected a plain group/);
});

test("an anchor is one at the ends of alternatives only; elsewhere it would never fit, and is refused", () => {
  for (const [source, fit] of [
    ["^a$|^b$", ["a", "b"]],
    ["^\\d+\\$", ["12$"]],
    ["a\\^", ["a^"]],
    ["[$^]+", ["$^"]],
  ] as const) {
    for (const text of fit) expect(new Pattern(source).matches(text), source).toBe(true);
  }
  expect(new Pattern("^a$|^b$").matches("ab")).toBe(false);
  for (const source of ["a$b", "a^b", "(^a)", "(a$)b", "a$$"]) expect(() => new Pattern(source)).toThrow(/at an end only/);
});
