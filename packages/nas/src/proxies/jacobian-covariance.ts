/** How differently a network changes around different images. Mellor et al. 2020, the first version of "Neural architecture search without training", arXiv:2006.04647v1, section 3. */

import type { ImageClassifier } from "@dl/cnn";
import { grad, tensor } from "@dl/core";
import { symmetricEigenvalues } from "@dl/metrics";
import { training } from "@dl/nn";
import type { ProxyOptions } from "./proxy-options.ts";

/** Keeps the logarithm and the quotient of an eigenvalue of zero finite; k in the paper. */
const small = 1e-5;

/**
 * −Σ (log(λ + k) + 1 / (λ + k)) over the eigenvalues λ of the correlations between the images' Jacobians: most, −(1 + k)⁻¹ − log(1 + k) an image,
 * when no two are alike. More is better.
 */
export async function jacobianCovariance(model: ImageClassifier, { device, images, rng }: ProxyOptions): Promise<number> {
  const [batch] = images.shape as readonly [number];
  const { data } = await device.compute(() => {
    const input = tensor(images);
    return grad(() => model.forward(input, training(rng)).sum(), [input])[0]!.reshape([batch, -1]); // [B, H·W·C]
  });
  return correlationScore(Float64Array.from(data), batch);
}

/** The score of rows `[count, length]`. */
export function correlationScore(rows: Float64Array, count: number): number {
  const length = rows.length / count;
  const standard = new Float64Array(rows.length);
  const flat: boolean[] = [];
  for (let i = 0; i < count; i++) {
    const row = rows.subarray(i * length, (i + 1) * length);
    const mean = row.reduce((a, b) => a + b, 0) / length;
    const norm = Math.sqrt(row.reduce((sum, value) => sum + (value - mean) ** 2, 0));
    flat.push(norm === 0);
    row.forEach((value, j) => {
      standard[i * length + j] = norm === 0 ? 0 : (value - mean) / norm;
    });
  }
  const correlations = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let k = 0; k < length; k++) sum += standard[i * length + k]! * standard[j * length + k]!;
      // A row that does not vary, of a network that does not look, tells no image from another.
      correlations[i * count + j] = correlations[j * count + i] = flat[i] || flat[j] ? 1 : sum;
    }
    correlations[i * count + i] = 1;
  }
  // Rounding may leave an eigenvalue a little below zero.
  return -symmetricEigenvalues(correlations, { size: count }).reduce((sum, value) => {
    const kept = Math.max(0, value) + small;
    return sum + Math.log(kept) + 1 / kept;
  }, 0);
}
