/** −ln softmax(logits)[label], row by row: what classification losses are made of. */

import { ShapeError } from "../errors.ts";
import { differentiable, isRecorded } from "../recording.ts";
import { formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { requireDType, requireFloat } from "./apply.ts";
import { mul, sub } from "./arithmetic.ts";
import { neg } from "./elementwise.ts";
import { fusedKernel, fusedResult, rowsOf } from "./fused.ts";
import { oneHot } from "./gather.ts";
import { sum } from "./reduce.ts";
import { expandDims } from "./reshape.ts";
import { logSoftmax, softmax } from "./softmax.ts";

/**
 * @param logits  `[…, classes]`
 * @param labels  `[…]`, int32. A label outside [0, classes) gives a loss and a gradient of 0: this is how rows are ignored.
 * @returns `[…]`
 */
export function softmaxCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  requireFloat("softmaxCrossEntropy", logits);
  requireDType("softmaxCrossEntropy", "int32", labels);
  if (!sameShape(logits.shape.slice(0, -1), labels.shape)) {
    throw new ShapeError(
      `softmaxCrossEntropy: expected labels of shape ${formatShape(logits.shape.slice(0, -1))} (logits ${formatShape(logits.shape)}), got ${formatShape(labels.shape)}.`,
    );
  }
  const { rows, length } = rowsOf(logits);
  const kernel = fusedKernel("crossEntropy");
  if (!kernel) return neg(sum(mul(logSoftmax(logits), oneHot(labels, length)), -1));
  const y = fusedResult(kernel(logits, labels, rows, length), { shape: labels.shape, dtype: logits.dtype });
  return differentiable(
    y,
    [logits],
    [
      (g) => {
        const gradient = fusedKernel("crossEntropyGradient");
        if (gradient && !isRecorded(g, logits)) return fusedResult(gradient(g, logits, labels, rows, length), logits);
        const target = oneHot(labels, length);
        // Rows whose label is ignored have an all-zero target.
        const counted = sum(target, -1, { keepDims: true });
        return mul(expandDims(g, -1), sub(mul(softmax(logits), counted), target));
      },
    ],
  );
}
