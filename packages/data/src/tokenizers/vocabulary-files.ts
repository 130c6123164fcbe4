/** Tokenizers from the files that came before tokenizer.json: GPT-2's `vocab.json` and `merges.txt`, BERT's `vocab.txt`. */

import { DataError } from "@dl/core";
import { Tokenizer } from "./tokenizer.ts";

export interface BpeFiles {
  /** `vocab.json`: its text, or what it holds. */
  vocabulary: string | Readonly<Record<string, number>>;
  /** The text of `merges.txt`. */
  merges: string;
  /** Tokens of the vocabulary that are found in texts, such as `["<|endoftext|>"]`. Default none. */
  specialTokens?: readonly string[] | undefined;
  /** Puts a space before a text that has none. Default `false`, as in GPT-2. */
  prefixSpace?: boolean | undefined;
}

/** A byte-level BPE tokenizer of `vocab.json` and `merges.txt`. */
export function bpeFromFiles({ vocabulary, merges, specialTokens = [], prefixSpace = false }: BpeFiles): Tokenizer {
  const vocab: unknown = typeof vocabulary === "string" ? parse(vocabulary) : vocabulary;
  const byteLevel = { type: "ByteLevel", add_prefix_space: prefixSpace, trim_offsets: true, use_regex: true };
  const lines = merges.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#version"));
  return Tokenizer.fromJson({
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: { ...byteLevel, trim_offsets: false },
    decoder: byteLevel,
    model: { type: "BPE", vocab, merges: lines.map((line) => line.split(" ")) },
  }).withTokens(specialTokens, { special: true });
}

export interface WordPieceFiles {
  /** The text of `vocab.txt`: a token a line, its id the line's number. */
  vocabulary: string;
  /** Ignores case, and accents with it. Default `true`. */
  lowercase?: boolean | undefined;
}

/** BERT's tokenizer of a `vocab.txt`, with `[CLS]` and `[SEP]` around. */
export function wordPieceFromFile({ vocabulary, lowercase = true }: WordPieceFiles): Tokenizer {
  const tokens = vocabulary.split(/\r?\n/);
  while (tokens.at(-1) === "") tokens.pop();
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const [start, end] = ["[CLS]", "[SEP]"].map((token) => {
    if (vocab[token] === undefined)
      throw new DataError(`wordPieceFromFile: expected ${token} in the vocabulary, got ${tokens.length} tokens without it.`);
    return [token, vocab[token]];
  });
  return Tokenizer.fromJson({
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: { type: "BertProcessing", cls: start, sep: end },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab },
  }).withTokens(
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].filter((token) => vocab[token] !== undefined),
    { special: true },
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DataError(`bpeFromFiles: expected vocab.json to be JSON, got: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
