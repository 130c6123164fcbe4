/** Fashion-MNIST: 70,000 grey pictures of clothes, 28 × 28. Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747. */

import { type ImageDataset, readIdxSplit, type SplitOptions } from "./image-source.ts";
import { debianPackage, urls } from "./origins.ts";
import type { Source } from "./source.ts";

const names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
const under = (folder: string): Record<string, string> => Object.fromEntries(names.map((name) => [name, `${folder}/${name}.gz`]));

/** The files of Fashion-MNIST, decompressed. */
export const fashionMnistSource: Source = {
  name: "fashion-mnist",
  title: "Fashion-MNIST",
  licence: "MIT, Zalando SE",
  citation: "Xiao, Rasul, Vollgraf: Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms, arXiv:1708.07747",
  files: [
    {
      name: "train-images-idx3-ubyte",
      bytes: 47_040_016,
      sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    },
    { name: "train-labels-idx1-ubyte", bytes: 60_008, sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9" },
    { name: "t10k-images-idx3-ubyte", bytes: 7_840_016, sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b" },
    { name: "t10k-labels-idx1-ubyte", bytes: 10_008, sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34" },
  ],
  origins: [
    urls(under("https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion")),
    debianPackage("dataset-fashion-mnist", under("./usr/share/datasets/fashion-mnist")),
  ],
};

/** What label i means. */
export const fashionMnistClasses: readonly string[] = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
];

/** Mean and standard deviation of the training images, in [0, 1]; measured by `channelStatistics`. */
export const fashionMnistStatistics = { mean: [0.286], standardDeviation: [0.353] } as const;

/**
 * Fashion-MNIST, fetched once (31 MB) and then read from the cache.
 *
 * @returns 60,000 (`train`) or 10,000 (`test`) examples: images float32 `[28, 28, 1]` in [0, 1], labels int32 0–9.
 * @throws DataError when the files are damaged or cannot be had.
 */
export function fashionMnist(options: SplitOptions): Promise<ImageDataset> {
  return readIdxSplit(fashionMnistSource, fashionMnistClasses, options);
}
