import { UnsupportedError } from "@dl/core";
import { describe, expect, test } from "vitest";
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
