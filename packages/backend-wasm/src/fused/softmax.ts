/** Softmax, its logarithm, cross-entropy, and their gradients, row by row. */

import type { FusedKernels } from "@dl/core";
import type { Engine } from "../engine.ts";
import type { Task } from "../tasks.ts";

type SoftmaxKernels = Pick<
  FusedKernels<number>,
  "softmax" | "softmaxGradient" | "logSoftmax" | "logSoftmaxGradient" | "crossEntropy" | "crossEntropyGradient"
>;

/** Nanoseconds an element. */
const speed = 1.2;

export function softmaxKernels(engine: Engine): SoftmaxKernels {
  const { heap } = engine;
  /** Runs a task whose result has `length` columns; the arguments are the operands, the result, and the length. */
  const rowwise = (task: Task, operands: readonly number[], rows: number, length: number): number => {
    const y = heap.allocate(rows * length * 4, task);
    engine.set(...operands, y, length);
    engine.run(task, { total: rows, cost: rows * (length * speed + 10) });
    return y;
  };
  return {
    softmax: (x, rows, length) => rowwise("softmax", [x.buffer], rows, length),
    softmaxGradient: (g, y, rows, length) => rowwise("softmaxGradient", [g.buffer, y.buffer], rows, length),
    logSoftmax: (x, rows, length) => rowwise("logSoftmax", [x.buffer], rows, length),
    logSoftmaxGradient: (g, y, rows, length) => rowwise("logSoftmaxGradient", [g.buffer, y.buffer], rows, length),
    crossEntropy(logits, labels, rows, length) {
      const y = heap.allocate(rows * 4, "crossEntropy");
      engine.set(logits.buffer, labels.buffer, y, length);
      engine.run("crossEntropy", { total: rows, cost: rows * (length * speed + 10) });
      return y;
    },
    crossEntropyGradient: (g, logits, labels, rows, length) =>
      rowwise("crossEntropyGradient", [g.buffer, logits.buffer, labels.buffer], rows, length),
  };
}
