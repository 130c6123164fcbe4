/** Kernels that replace compositions, where one pass over the data saves real time on a CPU. */

import type { FusedKernels, TypedArray } from "@dl/core";
import { crossEntropy, crossEntropyGradient } from "./kernels/cross-entropy.ts";
import { layerNorm, layerNormGradient } from "./kernels/layer-norm.ts";
import { maxPoolGradient } from "./kernels/max-pool.ts";
import { adamUpdate, sgdUpdate, sumOfSquares } from "./kernels/optimizer-updates.ts";
import { logSoftmax, logSoftmaxGradient, softmax, softmaxGradient } from "./kernels/softmax.ts";
import { writeSlice } from "./kernels/write-slice.ts";
import type { Memory } from "./memory.ts";

export function fusedOver(memory: Memory): Partial<FusedKernels<TypedArray>> {
  return {
    softmax: (x, rows, length) => softmax(memory, x, rows, length),
    softmaxGradient: (g, y, rows, length) => softmaxGradient(memory, g, y, rows, length),
    logSoftmax: (x, rows, length) => logSoftmax(memory, x, rows, length),
    logSoftmaxGradient: (g, y, rows, length) => logSoftmaxGradient(memory, g, y, rows, length),
    crossEntropy: (logits, labels, rows, length) => crossEntropy(memory, logits, labels, rows, length),
    crossEntropyGradient: (g, logits, labels, rows, length) => crossEntropyGradient(memory, g, logits, labels, rows, length),
    layerNorm: (x, weight, bias, problem) => layerNorm(memory, x, weight, bias, problem),
    layerNormGradient: (g, saved, problem) => layerNormGradient(memory, g, saved, problem),
    maxPoolGradient: (dy, indices, geometry) => maxPoolGradient(memory, dy, indices, geometry),
    sumOfSquares: (operands) => sumOfSquares(memory, operands),
    writeSlice,
    adamUpdate,
    sgdUpdate,
  } satisfies Partial<FusedKernels<TypedArray>>;
}
