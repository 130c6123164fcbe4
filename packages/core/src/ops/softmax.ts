/** Softmax and its logarithm. */

import { differentiable, isRecorded } from "../recording.ts";
import { normalizeAxis } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { requireFloat } from "./apply.ts";
import { mul, sub } from "./arithmetic.ts";
import { exp } from "./elementwise.ts";
import { fusedKernel, fusedResult, rowsOf } from "./fused.ts";
import { logSumExp, sum } from "./reduce.ts";
import { swapAxes } from "./transpose.ts";

/** eˣ / Σ eˣ along `axis` (default −1), without overflow. A row of −∞ gives NaN. */
export function softmax(x: Tensor, { axis = -1 }: { axis?: number } = {}): Tensor {
  return alongLast("softmax", x, { axis, work: rowSoftmax });
}

/** x − ln Σ eˣ along `axis` (default −1). */
export function logSoftmax(x: Tensor, { axis = -1 }: { axis?: number } = {}): Tensor {
  return alongLast("logSoftmax", x, { axis, work: rowLogSoftmax });
}

function alongLast(where: string, x: Tensor, { axis, work }: { axis: number; work: (x: Tensor) => Tensor }): Tensor {
  requireFloat(where, x);
  const at = normalizeAxis(where, axis, x.rank);
  return at === x.rank - 1 ? work(x) : swapAxes(work(swapAxes(x, at, -1)), at, -1);
}

function rowSoftmax(x: Tensor): Tensor {
  const { rows, length } = rowsOf(x);
  const kernel = fusedKernel("softmax");
  if (!kernel) return exp(rowLogSoftmax(x));
  const y = fusedResult(kernel(x, rows, length), x);
  return differentiable(
    y,
    [x],
    [
      (g) => {
        const gradient = fusedKernel("softmaxGradient");
        if (gradient && !isRecorded(g, y)) return fusedResult(gradient(g, y, rows, length), x);
        return mul(y, sub(g, sum(mul(g, y), -1, { keepDims: true })));
      },
    ],
  );
}

function rowLogSoftmax(x: Tensor): Tensor {
  const { rows, length } = rowsOf(x);
  const kernel = fusedKernel("logSoftmax");
  if (!kernel) return sub(x, logSumExp(x, -1, { keepDims: true }));
  const y = fusedResult(kernel(x, rows, length), x);
  return differentiable(
    y,
    [x],
    [
      (g) => {
        const gradient = fusedKernel("logSoftmaxGradient");
        if (gradient && !isRecorded(g, y)) return fusedResult(gradient(g, y, rows, length), x);
        return sub(g, mul(exp(y), sum(g, -1, { keepDims: true })));
      },
    ],
  );
}
