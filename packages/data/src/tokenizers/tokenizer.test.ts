import { readFileSync } from "node:fs";
import { DataError, DlError, OptionError, UnsupportedError } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sequenceStream } from "../streams/data-stream.ts";
import { tokenBatch } from "./token-batch.ts";
import { Tokenizer } from "./tokenizer.ts";
import { trainBpe, trainWordPiece } from "./train-tokenizer.ts";
import { bpeFromFiles, wordPieceFromFile } from "./vocabulary-files.ts";

const read = (path: string): string => readFileSync(new URL(`../../fixtures/tokenizers/${path}`, import.meta.url), "utf8");
const bert = Tokenizer.fromJson(read("wordpiece/tokenizer.json"));
const gpt = Tokenizer.fromJson(read("bpe/tokenizer.json"));

/** Words and no cleaning: a model whose tokens can be read off. */
const words = (...vocabulary: string[]): object => ({
  pre_tokenizer: { type: "WhitespaceSplit" },
  model: { type: "WordLevel", vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])), unk_token: vocabulary[0] },
});

describe("encode", () => {
  test("offsets cut the text as slice does, past characters of two UTF-16 units", () => {
    const text = "🙂🙂 Hello naïve wörld";
    const { tokens, offsets, wordIds } = bert.encode(text, { addSpecialTokens: false });
    expect(tokens[0]).toBe("[UNK]");
    expect(offsets[0]).toEqual([0, 4]);
    const spans = new Map<number, string>();
    for (const [i, word] of wordIds.entries()) spans.set(word!, (spans.get(word!) ?? "") + text.slice(...offsets[i]!));
    expect([...spans.values()]).toEqual(["🙂🙂", "Hello", "naïve", "wörld"]);
  });

  test("a pair is told apart by sequenceIds, and what was added by null", () => {
    const { sequenceIds, wordIds } = Tokenizer.fromJson({
      ...words("?", "a", "b", "|"),
      post_processor: { type: "BertProcessing", cls: ["|", 3], sep: ["|", 3] },
    }).encode("a b", { pair: "b" });
    expect(sequenceIds).toEqual([null, 0, 0, null, 1, null]);
    expect(wordIds).toEqual([null, 0, 1, null, 0, null]);
  });

  // Numbers of tokenizers 0.23.2: up to seven tokens it reads eight of the first text and seven of the second, from the left seven and eight.
  test("of two texts too long, the odd token is the longer one's as far as both are read", () => {
    const texts = ["the quick brown fox jumps over the lazy dog and on", "a lazy dog jumps over foxes"] as const;
    const shares = (direction: "left" | "right", [first, second] = texts as readonly string[]): string => {
      const { sequenceIds } = gpt.encode(first!, { pair: second!, truncation: { maximumLength: 7, direction } });
      return sequenceIds.join("");
    };
    expect(shares("right")).toBe("0000111");
    expect(shares("left")).toBe("0001111");
    expect(
      Tokenizer.fromJson(words("?", "a")).encode("a a a a a a", { pair: "a a a a", truncation: { maximumLength: 3 } }).sequenceIds,
    ).toEqual([0, 1, 1]);
  });

  test("BERT's cleaning drops a form feed, a vertical tab and U+0085, and makes tabs and line ends spaces", () => {
    expect(bert.encode("ne\u000bxt\u0085li\fne").ids).toEqual(bert.encode("nextline").ids);
    expect(bert.encode("next\tli\r\nne").ids).toEqual(bert.encode("next li ne").ids);
  });

  test("what truncation cuts off of a long context comes in windows that overlap by the stride, none lost", () => {
    const context = Array.from({ length: 9 }, (_, i) => `w${i}`);
    const tokenizer = Tokenizer.fromJson(words("?", "q", ...context));
    const truncation = { maximumLength: 5, stride: 2, strategy: "only-second" } as const;
    const { tokens, overflowing } = tokenizer.encode("q", { pair: context.join(" "), truncation });
    expect([tokens, ...overflowing.map((window) => window.tokens)]).toEqual([
      ["q", "w0", "w1", "w2", "w3"],
      ["q", "w2", "w3", "w4", "w5"],
      ["q", "w4", "w5", "w6", "w7"],
      ["q", "w6", "w7", "w8"],
    ]);
  });

  test("added tokens: found whole, longest first, not inside of words if they say so", () => {
    const tokenizer = Tokenizer.fromJson({
      ...words("?", "x"),
      added_tokens: [
        { id: 2, content: "<a>", special: true, normalized: false },
        { id: 3, content: "<a><a>", special: true, normalized: false },
        { id: 4, content: "x", single_word: true },
      ],
    });
    expect(tokenizer.encode("<a><a><a>x xx").ids).toEqual([3, 2, 4, 0]);
    expect(tokenizer.decode([3, 2, 4, 99])).toBe("x");
  });

  test("withTokens adds tokens at the end and keeps known ids; the copy is written and read", () => {
    const more = Tokenizer.fromJson(bert.withTokens(["<new>", "[MASK]", "the"], { special: true }).toJson());
    expect(more.vocabularySize).toBe(301);
    expect(more.tokenToId("<new>")).toBe(300);
    expect(more.tokenToId("the")).toBe(bert.tokenToId("the"));
    expect(more.encode("a<new>b", { addSpecialTokens: false }).tokens).toEqual(["a", "<new>", "b"]);
    expect(bert.tokenToId("<new>")).toBeUndefined();
  });

  test("truncation and padding of the file hold unless asked otherwise", () => {
    const fixed = bert.with({ truncation: { maximumLength: 4 }, padding: { id: 0, token: "[PAD]", length: 6 } });
    const again = Tokenizer.fromJson(fixed.toJson());
    expect(again.encode("the cat sat on the mat").tokens).toHaveLength(6);
    expect(again.encode("the cat sat on the mat").attentionMask).toEqual([1, 1, 1, 1, 0, 0]);
    expect(again.encode("the", { padding: null }).ids).toHaveLength(3);
    expect(again.encode("the cat sat on the mat", { truncation: null, padding: null }).ids.length).toBeGreaterThan(6);
  });
});

describe("decode", () => {
  test("byte-level BPE gives back any text, exactly", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(gpt.decode(gpt.encode(text).ids)).toBe(text);
      }),
    );
  });

  test("offsets of byte-level tokens cover the whole text in order", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (text) => {
        const { offsets } = gpt.encode(text);
        expect(offsets[0]![0]).toBe(0);
        expect(offsets.at(-1)![1]).toBe(text.length);
        for (let i = 1; i < offsets.length; i++) expect(offsets[i]![0]).toBeLessThanOrEqual(offsets[i - 1]![1]);
      }),
    );
  });

  // Offsets of tokenizers 0.23.2.
  test.each([
    [" a", [[0, 2]]],
    [
      "  a",
      [
        [0, 0],
        [2, 3],
      ],
    ],
    [
      "   a",
      [
        [2, 2],
        [3, 4],
      ],
    ],
    ["  ", [[2, 2]]],
  ] as const)("offsets without spaces lose all of several in front, %j", (text, offsets) => {
    const byteLevel = { type: "ByteLevel", add_prefix_space: true, trim_offsets: true };
    const vocab = { Ġ: 0, ĠĠ: 1, a: 2, Ġa: 3 };
    const model = {
      type: "BPE",
      vocab,
      merges: [
        ["Ġ", "Ġ"],
        ["Ġ", "a"],
      ],
    };
    const tokenizer = Tokenizer.fromJson({ pre_tokenizer: byteLevel, post_processor: byteLevel, model });
    expect(tokenizer.encode(text).offsets).toEqual(offsets);
  });

  // Texts of tokenizers 0.23.2, `decoders.Metaspace(prepend_scheme=…)`.
  test.each([
    ["always", ["a  b", "ab", "", " a", "a b c"]],
    ["first", ["a  b", "ab", "", " a", "a b c"]],
    ["never", ["  a  b", "a b", "  ", "  a", "a  b c"]],
  ])("Metaspace, %s: the first token loses all its marks unless none was put there", (scheme, expected) => {
    const vocabulary = ["?", "▁▁a", "▁▁b", "a▁b", "▁▁", "▁", "▁a", "a▁", "▁b▁c"];
    const decoder = { type: "Metaspace", replacement: "▁", prepend_scheme: scheme, split: true };
    const tokenizer = Tokenizer.fromJson({ ...words(...vocabulary), decoder });
    const texts = [["▁▁a", "▁▁b"], ["a▁b"], ["▁▁"], ["▁", "▁a"], ["a▁", "▁b▁c"]];
    expect(texts.map((tokens) => tokenizer.decode(tokens.map((token) => vocabulary.indexOf(token))))).toEqual(expected);
  });
});

describe("training", () => {
  const corpus = (JSON.parse(read("corpus.json")) as { lines: string[] }).lines;

  test("byte-level BPE learns the very vocabulary and merges that Hugging Face's trainer does", () => {
    const trained = trainBpe(corpus, { vocabularySize: 500, specialTokens: ["<|endoftext|>", "<pad>"] });
    expect(trained.vocabulary).toEqual(gpt.vocabulary);
    expect(JSON.parse(trained.toJson()).model.merges).toEqual(JSON.parse(gpt.toJson()).model.merges);
  });

  test("merges by hand: the most frequent pair first, ties to the characters that come first", () => {
    // Sennrich et al., figure 1 without the end of the word: es ×9, then est ×9, lo ×7, low ×7.
    const texts = [
      ..."low ".repeat(5).trim().split(" "),
      "lower",
      "lower",
      ..."newest ".repeat(6).trim().split(" "),
      "widest",
      "widest",
      "widest",
    ];
    const { merges } = JSON.parse(trainBpe(texts, { vocabularySize: 260 }).toJson()).model;
    expect(merges).toEqual([
      ["e", "s"],
      ["es", "t"],
      ["l", "o"],
      ["lo", "w"],
    ]);
  });

  test("WordPiece marks pieces inside of words, covers its corpus, and does not depend on the order of the texts", () => {
    const trained = trainWordPiece(corpus, { vocabularySize: 300 });
    expect(trained.vocabularySize).toBe(300);
    const { tokens } = trained.encode("Tokenization of unknown words");
    expect(tokens[0]).toBe("[CLS]");
    expect(tokens.some((token) => token.startsWith("##"))).toBe(true);
    for (const line of corpus) expect(trained.encode(line).tokens).not.toContain("[UNK]");
    expect(trainWordPiece(corpus.toReversed(), { vocabularySize: 300 }).toJson()).toBe(trained.toJson());
    // Ties aside, the reference learned the same pieces.
    const known = [...trained.vocabulary.keys()].filter((token) => bert.vocabulary.has(token));
    expect(known.length).toBeGreaterThan(275);
  });

  test("texts of a stream make the same tokenizer", async () => {
    const stream = sequenceStream(corpus.length, (i) => corpus[i]!);
    expect((await trainBpe(stream, { vocabularySize: 400 })).toJson()).toBe(trainBpe(corpus, { vocabularySize: 400 }).toJson());
    const pieces = await trainWordPiece(stream, { vocabularySize: 200 });
    expect(pieces.toJson()).toBe(trainWordPiece(corpus, { vocabularySize: 200 }).toJson());
    await expect(trainBpe(stream.take(0), { vocabularySize: 400 })).rejects.toThrow(
      "train: expected texts with at least one word, got none.",
    );
  });

  test("too small a vocabulary and a corpus of nothing are refused", () => {
    expect(() => trainBpe(corpus, { vocabularySize: 100 })).toThrow(/vocabularySize of at least 256/);
    expect(() => trainWordPiece(["  "], { vocabularySize: 100 })).toThrow(DataError);
    expect(() => trainBpe("one text", { vocabularySize: 300 })).toThrow("train: expected several texts, got one string. Pass [text].");
    expect(() => trainWordPiece(corpus, { vocabularySize: 100, specialTokens: ["[UNK]"] })).toThrow(OptionError);
  });
});

describe("vocabulary files", () => {
  test("vocab.json and merges.txt, and vocab.txt, make the same tokenizers as tokenizer.json", () => {
    const fromFiles = bpeFromFiles({
      vocabulary: read("bpe/vocab.json"),
      merges: read("bpe/merges.txt"),
      specialTokens: ["<|endoftext|>", "<pad>"],
    });
    const fromList = wordPieceFromFile({ vocabulary: read("wordpiece/vocab.txt") });
    for (const { text } of JSON.parse(read("bpe/encodings.json")).single as { text: string }[]) {
      expect(fromFiles.encode(text)).toEqual(gpt.encode(text));
      expect(fromList.encode(text, { pair: "Hello" })).toEqual(bert.encode(text, { pair: "Hello" }));
    }
  });
});

test("tokenBatch stacks padded encodings, and refuses ragged ones", () => {
  const padding = { id: 0, token: "[PAD]" };
  const batch = tokenBatch(bert.encodeBatch(["the", ["the", "cat sat"]], { padding }));
  expect(batch.inputIds.shape).toEqual([2, 6]);
  expect(Array.from(batch.attentionMask.data)).toEqual([1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  expect(Array.from(batch.tokenTypeIds.data)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
  expect(() => tokenBatch(bert.encodeBatch(["the", "the cat sat"]))).toThrow(/Give encodeBatch a padding/);
});

describe("a file that is not what it should be", () => {
  test.each([
    ["not JSON", "{", DataError],
    ["no model", {}, DataError],
    ["an unknown model", { model: { type: "Magic", vocab: {} } }, UnsupportedError],
    ["a merge of what is not there", { model: { type: "BPE", vocab: { a: 0 }, merges: ["a b"] } }, DataError],
    ["an id that is none", { model: { type: "WordLevel", vocab: { a: -1 } } }, DataError],
    ["an unknown step", { ...words("a"), normalizer: { type: "Rot13" } }, UnsupportedError],
    [
      "a broken expression",
      { ...words("a"), pre_tokenizer: { type: "Split", pattern: { Regex: "(" }, behavior: "Removed" } },
      UnsupportedError,
    ],
    ["a table that is cut off", { ...words("a"), normalizer: { type: "Precompiled", precompiled_charsmap: "/////w==" } }, DataError],
  ] as const)("%s", (_, file, error) => {
    expect(() => Tokenizer.fromJson(file)).toThrow(error);
  });

  test("any JSON is read or refused with an error of ours", () => {
    const base = JSON.parse(read("wordpiece/tokenizer.json"));
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(base)), fc.jsonValue(), (key, value) => {
        try {
          Tokenizer.fromJson({ ...base, [key]: value }).encode("Hello");
        } catch (error) {
          expect(error).toBeInstanceOf(DlError);
        }
      }),
    );
  });
});
