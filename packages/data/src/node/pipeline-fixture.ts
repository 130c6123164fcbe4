/** What the worker tests run in their threads. */

import { hostTensor } from "@dl/core";
import { type ArrayDataset, arrayDataset, type Dataset, type ExampleOf, flip, type ImageBatch, padCrop, type Transform } from "@dl/data";

export const transform: Transform<ImageBatch>[] = [padCrop({ padding: 1 }), flip()];

export const numberedImages = (length: number): ArrayDataset<"images" | "labels"> =>
  arrayDataset({
    images: hostTensor(
      Float32Array.from({ length: length * 12 }, (_, i) => i + 1),
      [length, 2, 3, 2],
    ),
    labels: hostTensor(
      Int32Array.from({ length }, (_, i) => i),
      [length],
    ),
  });

export type Numbered = ExampleOf<ReturnType<typeof numberedImages>>;

export interface FixtureInput {
  length: number;
  fault?: "open" | "read" | "exit";
}

export function pipeline({ length, fault }: FixtureInput): { dataset: Dataset<Numbered>; transform: Transform<ImageBatch>[] } {
  if (fault === "open") throw new Error("no such data");
  const dataset = numberedImages(length);
  const getBatch = (indices: Int32Array): Numbered => {
    if (fault === "read" && indices.includes(5)) throw new Error("example 5 is damaged");
    if (fault === "exit" && indices.includes(5)) process.exit(3);
    return dataset.getBatch(indices);
  };
  return { dataset: { ...dataset, getBatch }, transform };
}
