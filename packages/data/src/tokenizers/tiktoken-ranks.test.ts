import { readFileSync } from "node:fs";
import { DataError } from "@dl/core";
import { describe, expect, test } from "vitest";
import { byteCharacters, fromByteCharacters } from "./byte-alphabet.ts";
import { bpeFromRanks } from "./tiktoken-ranks.ts";
import { Tokenizer } from "./tokenizer.ts";

const read = (path: string): string => readFileSync(new URL(`../../fixtures/tokenizers/bpe/${path}`, import.meta.url), "utf8");
const lineOf = (token: string, rank: number): string => `${btoa(String.fromCharCode(...fromByteCharacters(token)!))} ${rank}`;
const bytes = byteCharacters.map((character, rank) => lineOf(character, rank));

describe("bpeFromRanks", () => {
  test("the merges of a tokenizer, written as ranks, come back: the same tokens for every text", () => {
    const tokens = read("merges.txt")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#version"))
      .map((line) => line.replace(" ", ""));
    const tokenizer = bpeFromRanks({ ranks: [...bytes, ...tokens.map((token, i) => lineOf(token, 256 + i))].join("\n") });
    const known = Tokenizer.fromJson(read("tokenizer.json"));
    expect((JSON.parse(tokenizer.toJson()) as { model: { merges: unknown } }).model.merges).toEqual(
      (JSON.parse(known.toJson()) as { model: { merges: unknown } }).model.merges,
    );
    const { single } = JSON.parse(read("encodings.json")) as { single: { text: string; tokens: string[] }[] };
    for (const { text, tokens } of single.filter(({ text }) => !/<\||<pad>/.test(text)))
      expect(tokenizer.encode(text).tokens).toEqual(tokens);
  });

  test("special tokens follow the last rank", () => {
    const tokenizer = bpeFromRanks({ ranks: [...bytes, lineOf("ab", 256)].join("\n"), specialTokens: ["<|end|>"] });
    expect(tokenizer.encode("ab<|end|>").ids).toEqual([256, 257]);
    expect(tokenizer.decode([256])).toBe("ab");
  });

  test.each([
    ["no ranks", "", /every byte to be a token/],
    ["another file", "a b c", /the rank 0 in line 1 of x, got "a b c"/],
    ["a rank left out", [...bytes, lineOf("ab", 300)].join("\n"), /the rank 256 in line 257 of x/],
    ["a token of nowhere", [...bytes, lineOf("abc", 256)].join("\n"), /token 256 of x to come of two tokens before it, got "abc"/],
    ["no base64", "A 0", /in base64 in x, got "A"/],
  ])("%s is refused", (_, ranks, message) => {
    expect(() => bpeFromRanks({ ranks, name: "x" })).toThrow(DataError);
    expect(() => bpeFromRanks({ ranks, name: "x" })).toThrow(message);
  });
});
