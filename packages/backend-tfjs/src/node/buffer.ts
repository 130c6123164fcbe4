/** A buffer of the device: a TensorFlow tensor, or the recipe for one that is made when somebody asks. */

import type { DType } from "@dl/core";

/** The same tensor under another shape. */
export interface View {
  readonly shape: readonly number[];
  readonly id: number;
}

export class TensorBuffer {
  /** The tensor's number; −1 while only a recipe or a variable is there. */
  id: number;
  /** As TensorFlow knows it; an operand may see the same elements under another one. */
  shape: readonly number[];
  readonly dtype: DType;
  readonly bytes: number;
  /** Shares the elements; freed with the buffer. */
  views: View[] | undefined;
  /** A TensorFlow variable that holds the elements: what optimizers write in place. −1: none. */
  variable = -1;
  /** Makes the tensor when `id` is asked for and none is there. */
  recipe: (() => number) | undefined;
  /** Tensors kept for the recipe and for a gradient; freed with the buffer. */
  kept: readonly number[] | undefined;

  constructor(id: number, { shape, dtype, bytes }: { shape: readonly number[]; dtype: DType; bytes: number }) {
    this.id = id;
    this.shape = shape;
    this.dtype = dtype;
    this.bytes = bytes;
  }
}
