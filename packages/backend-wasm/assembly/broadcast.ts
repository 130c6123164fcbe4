/** Where the rows of broadcast operands lie. JavaScript writes collapsed sizes and strides (kernels/broadcast-plan.ts). */

import { int } from "./control";

/** First words of the sizes and of up to three lists of strides, in elements; 0 stretches. */
export const SIZES: i32 = 64;
export const STRIDES: i32 = 80;
/** The most axes after collapsing, and the words between lists. */
export const AXES: i32 = 16;

/** The offset in elements of row `row` (an index over all axes but the last) in operand `operand`. */
export function rowOffset(row: i32, operand: i32, rank: i32): i32 {
  const strides = STRIDES + operand * AXES;
  let offset = 0;
  for (let axis = rank - 2; axis > 0; --axis) {
    const size = int(SIZES + axis), rest = row / size;
    offset += (row - rest * size) * int(strides + axis);
    row = rest;
  }
  return rank > 1 ? offset + row * int(strides) : 0;
}

@inline export function innerSize(rank: i32): i32 { return int(SIZES + rank - 1); }
@inline export function innerStride(operand: i32, rank: i32): i32 { return int(STRIDES + operand * AXES + rank - 1); }
