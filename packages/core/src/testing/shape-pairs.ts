/** Pairs of shapes that broadcast, for the contract. */

import type { Shape } from "../shape.ts";

/** Pairs of shapes: equal, scalar, row, column, both ways, mutual, inner, of one and of no elements, of six axes. */
export const pairs: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[7], [7]],
  [
    [4, 5],
    [4, 5],
  ],
  [[4, 5], []],
  [[], [4, 5]],
  [[4, 5], [5]],
  [[5], [4, 5]],
  [
    [4, 5],
    [4, 1],
  ],
  [
    [4, 1],
    [1, 5],
  ],
  [
    [2, 3, 4],
    [3, 1],
  ],
  [
    [2, 1, 4, 1],
    [3, 1, 5],
  ],
  [
    [6, 1, 3, 2],
    [1, 4, 1, 2],
  ],
  [[1, 1], [1]],
  [[0, 3], [3]],
  [[0], [1]],
  [
    [2, 3, 2, 2, 3, 2],
    [3, 1, 2, 1, 2],
  ],
];

/** The same with some hundred thousand elements. */
export const largePairs: readonly (readonly [Shape, Shape])[] = [
  [
    [511, 513],
    [511, 513],
  ],
  [[511, 513], [513]],
  [
    [511, 513],
    [511, 1],
  ],
  [[262_147], []],
];
