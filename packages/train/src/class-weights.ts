/** Weights that let rare classes count as much as frequent ones. King and Zeng 2001; scikit-learn's `balanced`. */

import { DataError, type HostTensor, hostTensor } from "@dl/core";

/**
 * n / (classes · count) for each class: the weights of all examples add up to n, those of each class to n / classes.
 *
 * @param counts  Examples of each class: `classCounts` of @dl/data.
 * @returns `[classes]`, for the `classWeights` of `crossEntropy`.
 * @example
 * balancedClassWeights([30, 10]).data; // Float32Array [0.6666667, 2]
 */
export function balancedClassWeights(counts: ArrayLike<number>): HostTensor {
  const all = Array.from(counts);
  const missing = all.findIndex((count) => !(count > 0));
  if (missing >= 0 || all.length === 0) {
    throw new DataError(
      `balancedClassWeights: expected an example of every class, got ${all.length === 0 ? "no class" : `${all[missing]} of class ${missing}`}.`,
    );
  }
  const examples = all.reduce((sum, count) => sum + count, 0);
  return hostTensor(
    Float32Array.from(all, (count) => examples / (all.length * count)),
    [all.length],
  );
}
