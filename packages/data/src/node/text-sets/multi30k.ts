/** Multi30k: captions of pictures in English and German. Elliott, Frank, Sima'an, Specia 2016, arXiv:1605.00459. */

import { DataError } from "@dl/core";
import { readSource, type SourceOptions } from "../cache.ts";
import { urls } from "../origins.ts";
import type { Source } from "../source.ts";

const nameOf = { train: "train", validation: "val", test: "test_2016_flickr" } as const;
const base = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw";

export const multi30kSource: Source = {
  name: "multi30k",
  title: "Multi30k, English and German captions",
  licence: "for research; CC BY-NC-SA 4.0 for the German",
  citation: "Elliott et al.: Multi30K: multilingual English-German image descriptions, 2016",
  files: [
    { name: "train.de", bytes: 2_110_398, sha256: "2c2b73fd2b548fbcde3a875e0a78d6ee94d498bfdee6bd3eae3945779e9ddf72" },
    { name: "train.en", bytes: 1_801_238, sha256: "460a15fbd157e34a7a9957ee388c1ca247fe47af3ef25fb50442af6c274e0fc6" },
    { name: "val.de", bytes: 75_981, sha256: "660e09eb7e1da2f856ea13ee5ad3cf6d36b3d5b0b733c857e94c5747a3dfc660" },
    { name: "val.en", bytes: 63_297, sha256: "1f2a23d992769b5b3d209b0a10dd0b77c08cceb1f20dfb97ed0aafa49d107227" },
    { name: "test_2016_flickr.de", bytes: 70_649, sha256: "4be6b5b3236b79c25475c6bb829800a7ce559e9ba7a1f6c2394fe4d40be46d16" },
    { name: "test_2016_flickr.en", bytes: 62_076, sha256: "399a4382932c1aadd3ceb9bef1008d388a64c76d4ae4e9d4728c6f4301cac182" },
  ],
  origins: [
    urls(
      Object.fromEntries(
        Object.values(nameOf).flatMap((name) => ["de", "en"].map((language) => [`${name}.${language}`, `${base}/${name}.${language}.gz`])),
      ),
    ),
  ],
};

export interface TranslationPair {
  readonly english: string;
  readonly german: string;
}

export interface Multi30kOptions extends SourceOptions {
  split: "train" | "validation" | "test";
}

/** 29,000 (`train`), 1,014 (`validation`) or 1,000 (`test`) pairs of captions. */
export async function multi30k({ split, ...options }: Multi30kOptions): Promise<TranslationPair[]> {
  const name = nameOf[split];
  if (name === undefined) throw new DataError(`multi30k: expected split train, validation or test, got ${String(split)}.`);
  const names = [`${name}.en`, `${name}.de`];
  const files = await readSource(multi30kSource, names, options);
  const [english, german] = names.map((file) => new TextDecoder().decode(files.get(file)!).trimEnd().split("\n"));
  return english!.map((sentence, i) => ({ english: sentence.trim(), german: german![i]!.trim() }));
}
