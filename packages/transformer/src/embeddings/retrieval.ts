/** Finding by vectors: the texts nearest to a question, the sentences nearest to a picture. */

import { formatShape, type HostTensor, hostTensor, OptionError, ShapeError } from "@dl/core";

/**
 * The cosine of the angle between every query and every item.
 *
 * @param queries  `[Q, C]`; lengths do not matter
 * @param items    `[N, C]`
 * @returns `[Q, N]` float32; 0 where a vector is zero.
 * @example
 * similarities(hostTensor(Float32Array.of(2, 0), [1, 2]), hostTensor(Float32Array.of(3, 0, 0, 1), [2, 2])).data; // Float32Array [1, 0]
 */
export function similarities(queries: HostTensor, items: HostTensor): HostTensor {
  const [rows, size] = queries.shape as readonly [number, number];
  const [count] = items.shape as readonly [number];
  if (queries.shape.length !== 2 || items.shape.length !== 2 || items.shape[1] !== size) {
    throw new ShapeError(
      `similarities: expected queries [Q, C] and items [N, C], got ${formatShape(queries.shape)} and ${formatShape(items.shape)}.`,
    );
  }
  const [a, b] = [unitRows(queries), unitRows(items)];
  const scores = new Float32Array(rows * count);
  for (let row = 0; row < rows; row++) {
    for (let item = 0; item < count; item++) {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += a[row * size + i]! * b[item * size + i]!;
      scores[row * count + item] = sum;
    }
  }
  return hostTensor(scores, [rows, count]);
}

function unitRows({ data, shape }: HostTensor): Float64Array {
  const size = shape[1]!;
  const unit = Float64Array.from(data);
  for (let start = 0; start < unit.length; start += size) {
    const row = unit.subarray(start, start + size);
    const length = Math.hypot(...row);
    if (length > 0) for (let i = 0; i < size; i++) row[i]! /= length;
  }
  return unit;
}

/** An item that was found. */
export interface Neighbour {
  /** Its row. */
  readonly index: number;
  readonly score: number;
}

/**
 * The `count` items most like each query, best first; of equal ones the earlier.
 *
 * @param scores  `[Q, N]`, as `similarities` gives them
 * @throws OptionError for a count below 1.
 */
export function nearest(scores: HostTensor, { count }: { count: number }): Neighbour[][] {
  if (!Number.isInteger(count) || count < 1) throw new OptionError(`nearest: expected a whole count of at least 1, got ${count}.`);
  if (scores.shape.length !== 2) throw new ShapeError(`nearest: expected scores [Q, N], got ${formatShape(scores.shape)}.`);
  const [rows, items] = scores.shape as readonly [number, number];
  return Array.from({ length: rows }, (_, row) => {
    const own = Array.from({ length: items }, (_, index) => ({ index, score: scores.data[row * items + index]! }));
    return own.sort((a, b) => b.score - a.score || a.index - b.index).slice(0, count);
  });
}
