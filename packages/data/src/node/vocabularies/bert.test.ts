import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError } from "@dl/core";
import { expect, test } from "vitest";
import { bertTokenizer, bertVocabularySource, vocabularyLines } from "./bert.ts";
import { gpt2RanksSource, gpt2Tokenizer } from "./gpt2.ts";

test("the package's marks become Google's: at the beginning of words to within them", () => {
  const listed = ["[PAD]", "▁", "[unused1]", "[CLS]", "▁!", "▁[", "▁the", "ing", "[", "！"];
  expect(vocabularyLines(JSON.stringify(listed))).toBe("[PAD]\n[unused0]\n[unused1]\n[CLS]\n!\n[\nthe\n##ing\n##[\n##！\n");
  expect(() => vocabularyLines('{"a": 1}')).toThrow(DataError);
});

test("a file that is another is refused by name", async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), "dl-vocabularies-"));
  try {
    for (const { name, files } of [bertVocabularySource, gpt2RanksSource]) {
      mkdirSync(join(dataDirectory, name));
      writeFileSync(join(dataDirectory, name, files[0]!.name), "[PAD]\n");
    }
    await expect(bertTokenizer({ dataDirectory })).rejects.toThrow(/vocab\.txt to have 231508 bytes, got 6/);
    await expect(gpt2Tokenizer({ dataDirectory })).rejects.toThrow(/r50k_base\.tiktoken to have 835554 bytes, got 6/);
  } finally {
    rmSync(dataDirectory, { recursive: true });
  }
});
