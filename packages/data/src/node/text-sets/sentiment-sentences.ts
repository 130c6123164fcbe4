/** 1,000 sentences each of IMDb, Yelp and Amazon reviews, positive or negative. Kotzias et al. 2015, "From group to individual labels". */

import { readSource, type SourceOptions } from "../cache.ts";
import { npmPackage } from "../origins.ts";
import type { Source } from "../source.ts";
import type { ClassifiedTexts } from "./classified-texts.ts";

const names = ["imdb.json", "yelp.json", "amazon.json"];

export const sentimentSentencesSource: Source = {
  name: "sentiment-sentences",
  title: "Sentiment labelled sentences",
  licence: "CC BY 4.0",
  citation: "Kotzias, Denil, de Freitas, Smyth: From group to individual labels using deep features, KDD 2015",
  files: [
    { name: "imdb.json", bytes: 104_395, sha256: "44a7b9082ed732ee2de3c858ea5ee2e99aca34f239a1c4359d3a300bf099bdb5" },
    { name: "yelp.json", bytes: 80_373, sha256: "9f3f47983f21eeb819380767b74bfa648eca208f156241111454b3e122773ff7" },
    { name: "amazon.json", bytes: 77_271, sha256: "bc5eb0cac49fc45987301f1dc2d02cf5ca356ba6c882be179dce77d74e666ed9" },
  ],
  origins: [npmPackage("sentiment@5.0.2", Object.fromEntries(names.map((name) => [name, `package/test/fixtures/${name}`])))],
};

/** 3,000 sentences: those of IMDb, then Yelp's, then Amazon's. There is no split: draw one, stratified. */
export async function sentimentSentences(options: SourceOptions = {}): Promise<ClassifiedTexts> {
  const files = await readSource(sentimentSentencesSource, names, options);
  const rows = names.flatMap((name) => JSON.parse(new TextDecoder().decode(files.get(name)!)) as { text: string; class: number | null }[]);
  // Each file ends with a row of nothing.
  const labelled = rows.filter((row) => row.class !== null);
  return {
    texts: labelled.map(({ text }) => text.trim()),
    labels: Int32Array.from(labelled, (row) => row.class!),
    classNames: ["negative", "positive"],
  };
}
