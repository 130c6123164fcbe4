/** Filters that make the patches of images uncorrelated, of equal variance. Jordan 2024, arXiv:2404.00498, section 3.2; after Page 2019, "How to train your ResNet 8". */

import { formatShape, type HostTensor, hostTensor, ShapeError } from "@dl/core";
import { symmetricEigen } from "./symmetric-eigen.ts";

export interface WhiteningOptions {
  /** Height and width of the patches. */
  kernelSize: number;
  /** Added to the variances: directions with less are noise. Default 5e-4. */
  epsilon?: number;
}

/**
 * The eigenvectors of the covariance of all patches, each over the root of its variance, and all once more with the sign turned, for what an activation cuts off.
 *
 * @param images  `[N, H, W, C]`, normalised as the network will see them; some thousands are enough.
 * @returns `[kernelSize, kernelSize, C, 2 · kernelSize² · C]`, the largest variance first: a weight of `Conv2d`.
 * @throws ShapeError for images smaller than a patch.
 */
export function whiteningFilters({ shape, data }: HostTensor, { kernelSize, epsilon = 5e-4 }: WhiteningOptions): HostTensor {
  const [count, height, width, channels] = shape as [number, number, number, number];
  if (shape.length !== 4 || count < 1 || !(height >= kernelSize && width >= kernelSize)) {
    throw new ShapeError(
      `whiteningFilters: expected images [N, H, W, C] with N ≥ 1 and sides of at least ${kernelSize}, got ${formatShape(shape)}.`,
    );
  }
  const row = kernelSize * channels; // a patch's row lies together in memory
  const size = kernelSize * row;
  const covariance = new Float64Array(size * size);
  const patch = new Float64Array(size);
  for (let image = 0; image < count; image++) {
    for (let y = 0; y + kernelSize <= height; y++) {
      for (let x = 0; x + kernelSize <= width; x++) {
        for (let i = 0; i < size; i++) {
          patch[i] = data[((image * height + y + Math.floor(i / row)) * width + x) * channels + (i % row)]!;
        }
        for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) covariance[i * size + j]! += patch[i]! * patch[j]!;
      }
    }
  }
  // Not centred: images are normalised already.
  const patches = count * (height - kernelSize + 1) * (width - kernelSize + 1);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) covariance[j * size + i] = covariance[i * size + j] = covariance[i * size + j]! / patches;
  }
  const { values, vectors } = symmetricEigen(covariance, size);
  const filters = new Float32Array(size * 2 * size);
  for (let filter = 0; filter < size; filter++) {
    // Rounding may leave the smallest variances a little below zero.
    const scale = 1 / Math.sqrt(Math.max(0, values[filter]!) + epsilon);
    for (let i = 0; i < size; i++) {
      const value = vectors[filter * size + i]! * scale;
      filters[i * 2 * size + filter] = value;
      filters[i * 2 * size + size + filter] = -value;
    }
  }
  return hostTensor(filters, [kernelSize, kernelSize, channels, 2 * size]);
}
