/** A lazy folder through a split, as a worker opens it. */

import { Rng } from "@dl/core";
import { type Dataset, type Example, split } from "@dl/data";
import { lazyImageFolder, openSharpDecoder } from "@dl/data/node";

export async function pipeline(input: { folder: string; decoder: "javascript" | "sharp" }): Promise<{
  dataset: Dataset<Example<"images" | "labels">>;
}> {
  const decoder = input.decoder === "sharp" ? await openSharpDecoder() : undefined;
  const images = await lazyImageFolder(input.folder, { width: 8, height: 6, decoder });
  return { dataset: split(images, { fractions: { all: 1 }, rng: new Rng(1) }).all };
}
