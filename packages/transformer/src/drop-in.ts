/** Dropout where a block has it: nothing in inference, nothing at rate 0. */

import { dropout, type Tensor } from "@dl/core";
import type { Mode } from "@dl/nn";

export function dropIn(x: Tensor, { mode, rate }: { mode: Mode; rate: number }): Tensor {
  return mode.training && rate > 0 ? dropout(x, { rate, rng: mode.rng }) : x;
}
