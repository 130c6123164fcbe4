/** Steps of optimizers on cells: in place where the device has a fused kernel, composed elsewhere. */

import type { AdamStep, Operand, SgdStep } from "../backend.ts";
import { type Cell, deviceDType } from "../cell.ts";
import { isFloat } from "../dtype.ts";
import { DtypeError, ShapeError } from "../errors.ts";
import { currentDevice } from "../scope.ts";
import { formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { requireFloat } from "./apply.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { fill } from "./creation.ts";
import { sqrt, square } from "./elementwise.ts";
import { fusedKernel, fusedResult } from "./fused.ts";
import { sum } from "./reduce.ts";

/** A cell as a kernel that writes in place sees it. */
function inPlace(cell: Cell): Operand<unknown> {
  const storage = cell.writable();
  return { buffer: storage.buffer, shape: cell.shape, dtype: deviceDType(cell.dtype, currentDevice("update")) };
}

function checkStep(where: string, parameter: Cell, others: readonly (Cell | Tensor)[]): void {
  for (const { shape, dtype } of [parameter, ...others]) {
    if (!sameShape(shape, parameter.shape)) {
      throw new ShapeError(
        `${where}: expected a gradient and state of the parameter's shape ${formatShape(parameter.shape)}, got ${formatShape(shape)}.`,
      );
    }
    if (!isFloat(dtype)) throw new DtypeError(`${where}: expected floats, got ${dtype}.`);
  }
}

/** Adam, with decoupled weight decay. Kingma and Ba 2014, arXiv:1412.6980; Loshchilov and Hutter 2017, arXiv:1711.05101. */
export function adamUpdate(
  parameter: Cell,
  gradient: Tensor,
  { first, second, step }: { first: Cell; second: Cell; step: AdamStep },
): void {
  checkStep("adamUpdate", parameter, [gradient, first, second]);
  const kernel = fusedKernel("adamUpdate");
  if (kernel) {
    kernel(inPlace(parameter), gradient, inPlace(first), inPlace(second), step);
    return;
  }
  const m = add(mul(first.freshValue(), step.beta1), mul(gradient, 1 - step.beta1));
  const v = add(mul(second.freshValue(), step.beta2), mul(square(gradient), 1 - step.beta2));
  const direction = div(div(m, step.correction1), add(sqrt(div(v, step.correction2)), step.epsilon));
  const decayed = mul(parameter.freshValue(), 1 - step.learningRate * step.weightDecay);
  first.set(m);
  second.set(v);
  parameter.set(sub(decayed, mul(direction, step.learningRate)));
}

/** Stochastic gradient descent with momentum, as PyTorch defines it. Sutskever et al. 2013. */
export function sgdUpdate(parameter: Cell, gradient: Tensor, { velocity, step }: { velocity: Cell | undefined; step: SgdStep }): void {
  checkStep("sgdUpdate", parameter, velocity ? [gradient, velocity] : [gradient]);
  const kernel = fusedKernel("sgdUpdate");
  if (kernel) {
    kernel(inPlace(parameter), gradient, velocity && inPlace(velocity), step);
    return;
  }
  const before = parameter.freshValue();
  const g = step.weightDecay === 0 ? gradient : add(gradient, mul(before, step.weightDecay));
  let direction = g;
  if (velocity) {
    const moved = step.first ? g : add(mul(velocity.freshValue(), step.momentum), mul(g, 1 - step.dampening));
    velocity.set(moved);
    direction = step.nesterov ? add(g, mul(moved, step.momentum)) : moved;
  }
  parameter.set(sub(before, mul(direction, step.learningRate)));
}

/** Σ x² over all tensors: the squared global norm. No gradient. */
export function sumOfSquares(tensors: readonly Tensor[]): Tensor {
  const kernel = fusedKernel("sumOfSquares");
  if (tensors.length === 0) return fill([], 0);
  requireFloat("sumOfSquares", ...tensors);
  if (kernel) return fusedResult(kernel(tensors), { shape: [], dtype: tensors[0]!.dtype });
  return tensors.map((x): Tensor => sum(square(x))).reduce((total, part) => add(total, part));
}
