/** Sizes of a transformer. A value is what the decoders and encoders of @dl/transformer take: `new Gpt2({ ...value, vocabulary, context, rng })`. */

import { choice } from "./choice.ts";
import { integer } from "./range.ts";
import { record } from "./record.ts";
import type { Space } from "./space.ts";

export interface TransformerValue {
  readonly layers: number;
  readonly heads: number;
  /** Length of a token's vector: the heads' sizes together. */
  readonly size: number;
  /** Width of the feed-forward layers. */
  readonly hidden: number;
}

/**
 * Heads, a head's size, layers, and the feed-forward width over the size: a size that the heads do not divide cannot be written down.
 *
 * @example
 * const value = sample(transformerSpace(), rng).value;
 * value.size % value.heads; // 0
 */
export function transformerSpace({
  layers = [1, 6],
  heads = [1, 2, 4, 8],
  headSizes = [16, 32, 64],
}: {
  layers?: readonly [number, number];
  heads?: readonly number[];
  headSizes?: readonly number[];
} = {}): Space<TransformerValue> {
  const parts = record({ layers: integer(...layers), heads: choice(heads), headSize: choice(headSizes), ratio: choice([2, 3, 4]) });
  return {
    size: parts.size,
    express(decide, path) {
      const { layers, heads, headSize, ratio } = parts.express(decide, path);
      const size = heads * headSize;
      return { layers, heads, size, hidden: ratio * size };
    },
    decisions: (path) => parts.decisions(path),
    canonical: ({ layers, heads, size, hidden }) => `layers:${layers},heads:${heads},size:${size},hidden:${hidden}`,
  };
}
