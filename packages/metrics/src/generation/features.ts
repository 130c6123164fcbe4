/** Rows of features, as an extractor gives them for images or sounds: what metrics of generated data compare. */

import { DataError, formatShape, type HostTensor, ShapeError } from "@dl/core";

/** Feature rows, checked. */
export interface FeatureRows {
  /** Row-major `[count, size]`. */
  readonly data: ArrayLike<number>;
  readonly count: number;
  readonly size: number;
}

/** Checks features `[N, D]`: at least `atLeast` rows, all finite, and of `size` columns where that is given. */
export function readFeatures(where: string, features: HostTensor, options: { name: string; atLeast: number; size?: number }): FeatureRows {
  const { name, atLeast, size } = options;
  const { shape, data } = features;
  if (shape.length !== 2 || shape[1] === 0 || (size !== undefined && shape[1] !== size)) {
    throw new ShapeError(`${where}: expected ${name} [N, ${size ?? "D"}], got ${formatShape(shape)}. Flatten images or pool maps first.`);
  }
  if (shape[0]! < atLeast) {
    throw new DataError(`${where}: expected at least ${atLeast} rows of ${name}, got ${shape[0]}. Leave empty batches out.`);
  }
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new DataError(
        `${where}: expected finite ${name}, got ${data[i]} in row ${Math.floor(i / shape[1]!)}. Look at the extractor's inputs.`,
      );
    }
  }
  return { data, count: shape[0]!, size: shape[1]! };
}

/** Features of what is real and of what was generated: equally long rows. */
export function readFeaturePair(
  where: string,
  { real, generated }: { readonly real: HostTensor; readonly generated: HostTensor },
  { atLeast }: { readonly atLeast: number },
): { readonly real: FeatureRows; readonly generated: FeatureRows } {
  const realRows = readFeatures(where, real, { name: "real", atLeast });
  return { real: realRows, generated: readFeatures(where, generated, { name: "generated", atLeast, size: realRows.size }) };
}
