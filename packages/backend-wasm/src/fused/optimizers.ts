/** Whole-parameter updates in place, and the sum of squares for clipping. */

import { type FusedKernels, sizeOf } from "@dl/core";
import type { Engine } from "../engine.ts";
import { reduceCode } from "../operation-codes.ts";

type OptimizerKernels = Pick<FusedKernels<number>, "adamUpdate" | "sgdUpdate" | "sumOfSquares">;

/** Elements of one partial sum of squares. */
const block = 8192;

export function optimizerKernels(engine: Engine): OptimizerKernels {
  const { heap } = engine;
  return {
    sumOfSquares(operands) {
      const y = heap.allocate(4, "sumOfSquares");
      const blocks = operands.map(({ shape }) => Math.ceil(sizeOf(shape) / block));
      const total = blocks.reduce((sum, count) => sum + count, 0);
      const sums = heap.take(total * 4, "sumOfSquares");
      let at = sums;
      for (const [i, { buffer, shape }] of operands.entries()) {
        engine.set(buffer, sizeOf(shape), at, block);
        engine.run("squares", { total: blocks[i]!, cost: sizeOf(shape) * 0.15 });
        at += blocks[i]! * 4;
      }
      engine.set(reduceCode.sum, sums, y, total, 1, total);
      engine.setFloat(6, 1);
      engine.run("reduceRows", { total: 1, cost: total });
      heap.give(sums, total * 4);
      return y;
    },

    adamUpdate(parameter, gradient, first, second, step) {
      const length = sizeOf(parameter.shape);
      engine.set(parameter.buffer, gradient.buffer, first.buffer, second.buffer);
      engine.setFloat(4, step.beta1);
      engine.setFloat(5, 1 - step.beta1);
      engine.setFloat(6, step.beta2);
      engine.setFloat(7, 1 - step.beta2);
      engine.setFloat(8, step.epsilon);
      engine.setFloat(9, 1 - step.learningRate * step.weightDecay);
      engine.setFloat(10, step.learningRate / step.correction1);
      engine.setFloat(11, 1 / Math.sqrt(step.correction2));
      engine.run("adam", { total: (length + 15) >>> 4, cost: length * 1.2 });
    },

    sgdUpdate(parameter, gradient, velocity, step) {
      const length = sizeOf(parameter.shape);
      engine.set(parameter.buffer, gradient.buffer, velocity?.buffer ?? 0);
      engine.setFloat(3, step.learningRate);
      engine.setFloat(4, step.momentum);
      engine.setFloat(5, 1 - step.dampening);
      engine.setFloat(6, step.weightDecay);
      engine.setAt(7, step.nesterov ? 1 : 0);
      engine.setAt(8, step.first ? 1 : 0);
      engine.run("sgd", { total: (length + 15) >>> 4, cost: length * 0.5 });
    },
  };
}
