import { UnsupportedError } from "@dl/core";
import { describe, expect, test } from "vitest";
import { fromOniguruma } from "./oniguruma.ts";

const matches = (source: string, text: string): string[] => text.match(fromOniguruma(source)) ?? [];

describe("fromOniguruma", () => {
  test("classes count all of Unicode", () => {
    expect(matches("\\w+", "naïve Привет 1٣")).toEqual(["naïve", "Привет", "1٣"]);
    expect(matches("\\s+", "a\u0085b\ufeffc")).toEqual(["\u0085"]);
    expect(matches("[^\\s\\w]", "a, b\u0085!")).toEqual([",", "!"]);
    expect(matches("\\p{Han}+", "ab漢字c")).toEqual(["漢字"]);
    expect(matches("[[:digit:]\\-]+", "1-2 3")).toEqual(["1-2", "3"]);
  });

  test("a part may ignore case, as GPT-4's pattern does", () => {
    expect(matches("(?i:'s|'ll)|b", "'S 'lL 'ſ B b")).toEqual(["'S", "'lL", "'ſ", "b"]);
  });

  test("possessive repetition gives nothing back", () => {
    expect(matches("a*a", "aaa")).toEqual(["aaa"]);
    expect(matches("a*+a", "aaa")).toEqual([]);
    expect(matches("(?>a*)b", "aab")).toEqual(["aab"]);
    expect(matches("a?+b", "ab b")).toEqual(["ab", "b"]);
  });

  test("^ and $ are ends of lines, \\A and \\z of the text", () => {
    expect(matches("^.", "ab\ncd")).toEqual(["a", "c"]);
    expect(matches(".\\z", "ab\ncd")).toEqual(["d"]);
  });

  test.each(["(?<name>a)\\g<name>", "[a&&b]", "(", "a)", "\\K"])("%s has no counterpart", (source) => {
    expect(() => fromOniguruma(source)).toThrow(UnsupportedError);
  });
});
