/** WNUT 2017: new and rare named entities in noisy text. Derczynski, Nichols, van Erp, Limsopatham 2017. */

import { DataError } from "@dl/core";
import { readSource, type SourceOptions } from "../cache.ts";
import { urls } from "../origins.ts";
import type { Source } from "../source.ts";

const nameOf = { train: "wnut17train.conll", validation: "emerging.dev.conll", test: "emerging.test.annotated" } as const;
const base = "https://raw.githubusercontent.com/leondz/emerging_entities_17/master";

export const wnut17Source: Source = {
  name: "wnut17",
  title: "WNUT 2017, emerging and rare entities",
  licence: "CC BY 4.0",
  citation: "Derczynski et al.: Results of the WNUT2017 shared task on novel and emerging entity recognition, W-NUT 2017",
  files: [
    { name: nameOf.train, bytes: 493_781, sha256: "731820e13f71af324c6b55a1575ec2ce59fbaa2a0806f8f0400b98d56cd6a7a5" },
    { name: nameOf.validation, bytes: 114_749, sha256: "e053b752b8155113ca66e7db08af5f2f5f43ab993694e4774f1ec5bad42312d8" },
    { name: nameOf.test, bytes: 192_425, sha256: "2aa79b764e56ec9264a1b30fdd9b70195bd00ff400b62edd8f399d5f13c178f0" },
  ],
  origins: [urls(Object.fromEntries(Object.values(nameOf).map((name) => [name, `${base}/${name}`])))],
};

/** Outside, and beginning and inside of each of six kinds of entity. */
export const wnut17Tags: readonly string[] = [
  "O",
  ...["corporation", "creative-work", "group", "location", "person", "product"].flatMap((kind) => [`B-${kind}`, `I-${kind}`]),
];

export interface TaggedSentence {
  readonly tokens: readonly string[];
  /** One a token. */
  readonly tags: readonly string[];
}

export interface Wnut17Options extends SourceOptions {
  split: "train" | "validation" | "test";
}

/** 3,394 (`train`), 1,009 (`validation`) or 1,287 (`test`) sentences with a tag of `wnut17Tags` for every token. */
export async function wnut17({ split, ...options }: Wnut17Options): Promise<TaggedSentence[]> {
  const name = nameOf[split];
  if (name === undefined) throw new DataError(`wnut17: expected split train, validation or test, got ${String(split)}.`);
  const text = new TextDecoder().decode((await readSource(wnut17Source, [name], options)).get(name)!);
  return parseTaggedSentences(text, name);
}

/** Sentences of `token<tab>tag` lines, parted by empty lines: the CoNLL form. */
export function parseTaggedSentences(text: string, name = "conll"): TaggedSentence[] {
  const sentences: { tokens: string[]; tags: string[] }[] = [];
  let open: { tokens: string[]; tags: string[] } | undefined;
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    // Some of the empty lines hold a tab.
    if (line.trim() === "") {
      open = undefined;
      continue;
    }
    const [token, tag] = line.split("\t");
    if (token === undefined || tag === undefined || tag.trim() === "") {
      throw new DataError(
        `parseTaggedSentences: expected a token, a tab and a tag in line ${i + 1} of ${name}, got ${JSON.stringify(line)}.`,
      );
    }
    if (open === undefined) sentences.push((open = { tokens: [], tags: [] }));
    open.tokens.push(token);
    open.tags.push(tag.trim());
  }
  return sentences;
}
