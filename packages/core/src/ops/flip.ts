/** Reversal of axes. */

import { differentiable } from "../recording.ts";
import { normalizeAxes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { apply, requireTensor } from "./apply.ts";

export function flip(x: Tensor, axes: number | readonly number[]): Tensor {
  requireTensor("flip", x);
  const over = normalizeAxes("flip", axes, x.rank);
  const y = apply("flip", x, (kernels) => kernels.flip(x, over));
  return differentiable(y, [x], [(g) => flip(g, over)]);
}
