/** Tokenizers learned from texts. BPE: Sennrich et al. 2015, on bytes as Radford et al. 2019; WordPiece: Schuster and Nakajima 2012. */

import { DataError, OptionError } from "@dl/core";
import { AlignedText } from "./aligned-text.ts";
import { byteCharacters } from "./byte-alphabet.ts";
import { JsonFields, type JsonObject } from "./json-fields.ts";
import { type LearnedMerges, learnMerges } from "./learn-merges.ts";
import { normalizer } from "./normalizers.ts";
import { preTokenizer } from "./pre-tokenizers.ts";
import { Tokenizer } from "./tokenizer.ts";

export interface TrainBpeOptions {
  /** Tokens in the end, special ones and the 256 bytes included. */
  vocabularySize: number;
  /** First in the vocabulary, in this order, such as `["<|endoftext|>"]`. Default none. */
  specialTokens?: readonly string[] | undefined;
  /** A pair that occurs less often is not merged. Default 1. */
  minimumFrequency?: number | undefined;
  /** Puts a space before a text that has none, so that its first word is like any other. Default `false`. */
  prefixSpace?: boolean | undefined;
}

/**
 * Byte-level BPE, as GPT-2's: any text can be written, and `decode` gives it back exactly.
 *
 * @example
 * const tokenizer = trainBpe(["low lower lowest", "new newer newest"], { vocabularySize: 270 });
 * tokenizer.decode(tokenizer.encode("the newest").ids); // "the newest"
 */
export function trainBpe(texts: Iterable<string>, options: TrainBpeOptions): Tokenizer;
/** The same of texts that are read one by one, such as a stream: only their words are kept. */
export function trainBpe(texts: AsyncIterable<string>, options: TrainBpeOptions): Promise<Tokenizer>;
export function trainBpe(texts: Texts, options: TrainBpeOptions): Tokenizer | Promise<Tokenizer> {
  const { vocabularySize, specialTokens = [], minimumFrequency = 1, prefixSpace = false } = options;
  const byteLevel = { type: "ByteLevel", add_prefix_space: prefixSpace, trim_offsets: true, use_regex: true };
  const parts = { normalizer: null, pre_tokenizer: byteLevel };
  return withWordsOf(texts, parts, (words) => {
    const learned = learn(words, {
      vocabularySize,
      specialTokens,
      minimumFrequency,
      initialAlphabet: byteCharacters,
      continuingPrefix: "",
    });
    return Tokenizer.fromJson({
      ...frame(specialTokens),
      ...parts,
      post_processor: { ...byteLevel, trim_offsets: false },
      decoder: byteLevel,
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: Object.fromEntries(learned.vocabulary),
        merges: learned.merges,
      },
    });
  });
}

export interface TrainWordPieceOptions {
  /** Tokens in the end, special ones and the alphabet included. */
  vocabularySize: number;
  /** First in the vocabulary; `[UNK]`, `[CLS]` and `[SEP]` must be among them. Default BERT's five. */
  specialTokens?: readonly string[] | undefined;
  /** A pair that occurs less often is not merged. Default 1. */
  minimumFrequency?: number | undefined;
  /** Ignores case, and accents with it. Default `true`. */
  lowercase?: boolean | undefined;
}

/**
 * WordPiece, as BERT's, with `[CLS]` and `[SEP]` around. The pieces are learned as those of BPE are, as Hugging Face tokenizers do too:
 * BERT's own trainer was never published.
 *
 * @example
 * const tokenizer = trainWordPiece(["low lower lowest", "new newer newest"], { vocabularySize: 40 });
 * tokenizer.encode("Newest").tokens; // ["[CLS]", "newest", "[SEP]"]
 */
export function trainWordPiece(texts: Iterable<string>, options: TrainWordPieceOptions): Tokenizer;
/** The same of texts that are read one by one, such as a stream: only their words are kept. */
export function trainWordPiece(texts: AsyncIterable<string>, options: TrainWordPieceOptions): Promise<Tokenizer>;
export function trainWordPiece(texts: Texts, options: TrainWordPieceOptions): Tokenizer | Promise<Tokenizer> {
  const {
    vocabularySize,
    specialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    minimumFrequency = 1,
    lowercase = true,
  } = options;
  for (const token of ["[UNK]", "[CLS]", "[SEP]"]) {
    if (!specialTokens.includes(token))
      throw new OptionError(`trainWordPiece: expected ${token} among the specialTokens, got ${specialTokens.join(" ")}.`);
  }
  const parts = {
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase },
    pre_tokenizer: { type: "BertPreTokenizer" },
  };
  return withWordsOf(texts, parts, (words) => {
    const learned = learn(words, { vocabularySize, specialTokens, minimumFrequency, initialAlphabet: [], continuingPrefix: "##" });
    const special = (id: string): object => ({ id, ids: [learned.vocabulary.get(id)], tokens: [id] });
    const [start, first, end] = [step("SpecialToken", "[CLS]", 0), step("Sequence", "A", 0), step("SpecialToken", "[SEP]", 0)];
    return Tokenizer.fromJson({
      ...frame(specialTokens),
      ...parts,
      post_processor: {
        type: "TemplateProcessing",
        single: [start, first, end],
        pair: [start, first, end, step("Sequence", "B", 1), step("SpecialToken", "[SEP]", 1)],
        special_tokens: { "[CLS]": special("[CLS]"), "[SEP]": special("[SEP]") },
      },
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
      model: {
        type: "WordPiece",
        unk_token: "[UNK]",
        continuing_subword_prefix: "##",
        max_input_chars_per_word: 100,
        vocab: Object.fromEntries(learned.vocabulary),
      },
    });
  });
}

function step(kind: "Sequence" | "SpecialToken", id: string, typeId: number): object {
  return { [kind]: { id, type_id: typeId } };
}

function learn(words: ReadonlyMap<string, number>, options: Parameters<typeof learnMerges>[1]): LearnedMerges {
  for (const name of ["vocabularySize", "minimumFrequency"] as const) {
    const value = options[name];
    if (!Number.isInteger(value) || value < 1) throw new OptionError(`train: expected a whole ${name} of at least 1, got ${value}.`);
  }
  // Numbers as keys would come first in the file, whatever their ids: the file names ids, so that nothing is lost.
  return learnMerges(words, options);
}

function frame(specialTokens: readonly string[]): JsonObject {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
  };
}

type Texts = Iterable<string> | AsyncIterable<string>;

/** What `use` makes of how often each word occurs, cut as the tokenizer will cut it. */
function withWordsOf<T>(
  texts: Texts,
  parts: { normalizer: JsonObject | null; pre_tokenizer: JsonObject },
  use: (words: ReadonlyMap<string, number>) => T,
): T | Promise<T> {
  // A string is iterable, too: its characters would be the texts.
  if (typeof texts === "string") throw new DataError("train: expected several texts, got one string. Pass [text].");
  const normalize = parts.normalizer === null ? (text: AlignedText) => text : normalizer(new JsonFields(parts.normalizer, "normalizer"));
  const split = preTokenizer(new JsonFields(parts.pre_tokenizer, "pre_tokenizer"));
  const counts = new Map<string, number>();
  const count = (text: string): void => {
    for (const piece of split([normalize(AlignedText.of(text))])) {
      const word = piece.toString();
      if (word !== "") counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  };
  const finish = (): T => {
    if (counts.size === 0) throw new DataError("train: expected texts with at least one word, got none.");
    return use(counts);
  };
  if (Symbol.iterator in texts) {
    for (const text of texts) count(text);
    return finish();
  }
  return (async () => {
    for await (const text of texts) count(text);
    return finish();
  })();
}
