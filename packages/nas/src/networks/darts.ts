/**
 * Differentiable architecture search: architecture and weights descend by turns, the one on validation, the other on training data.
 * Liu et al. 2019, "DARTS", arXiv:1806.09055, algorithm 1.
 */

import { type Cell, type Gradients, type Scalar, type Tensor, valueAndGrad } from "@dl/core";
import type { CommonOptions, Optimizer, Parameter } from "@dl/nn";

export interface DartsStepOptions {
  /** The loss of the mixture on a training batch. */
  readonly trainingLoss: () => Scalar;
  /** The same on a validation batch. */
  readonly validationLoss: () => Scalar;
  readonly weightOptimizer: Optimizer<CommonOptions>;
  readonly architectureOptimizer: Optimizer<CommonOptions>;
  /**
   * The length ξ of the step the weights are imagined to take before the architecture is judged: the weights' learning rate for the second
   * order, 0 for the first, which is four times as fast. Default 0.
   */
  readonly unrolledRate?: number;
}

/**
 * One step of both, inside `compute`.
 *
 * @example
 * const { trainingLoss } = dartsStep(supernet, {
 *   trainingLoss: () => crossEntropy(supernet.forward(train.images, mode), train.labels),
 *   validationLoss: () => crossEntropy(supernet.forward(held.images, mode), held.labels),
 *   weightOptimizer,
 *   architectureOptimizer,
 * });
 */
export function dartsStep(
  supernet: { readonly architecture: Parameter; weights(): Parameter[] },
  { trainingLoss, validationLoss, weightOptimizer, architectureOptimizer, unrolledRate = 0 }: DartsStepOptions,
): { trainingLoss: Scalar; validationLoss: Scalar } {
  const { architecture } = supernet;
  const shared = supernet.weights();
  const judged =
    unrolledRate === 0
      ? valueAndGrad(validationLoss, [architecture])
      : unrolled({ trainingLoss, validationLoss }, { architecture, weights: shared, rate: unrolledRate });
  architectureOptimizer.update(judged.grads);
  const trained = valueAndGrad(trainingLoss, shared);
  weightOptimizer.update(trained.grads);
  return { trainingLoss: trained.value, validationLoss: judged.value };
}

/** The gradient of the validation loss after an imagined step of the weights, by the architecture. Equations 7 and 8. */
function unrolled(
  { trainingLoss, validationLoss }: Pick<DartsStepOptions, "trainingLoss" | "validationLoss">,
  { architecture, weights, rate }: { architecture: Parameter; weights: readonly Parameter[]; rate: number },
): { value: Scalar; grads: Gradients<Parameter> } {
  const before = weights.map((weight) => weight.value);
  const move = (by: readonly Tensor[], length: number | Scalar): void =>
    weights.forEach((weight: Cell, i) => {
      weight.set(before[i]!.add(by[i]!.mul(length)));
    });
  const { grads: slopes } = valueAndGrad(trainingLoss, weights);
  move(
    weights.map((weight) => slopes.get(weight)!),
    -rate,
  );
  const { value, grads } = valueAndGrad(validationLoss, [architecture, ...weights]);
  const direction = weights.map((weight) => grads.get(weight)!);
  // The mixed second derivative times the direction, by central differences: ε = 0.01 over the direction's length.
  const length = direction
    .map((slope) => slope.square().sum())
    .reduce((a, b) => a.add(b))
    .sqrt();
  const epsilon = length.add(1e-12).pow(-1).mul(0.01);
  move(direction, epsilon);
  const above = valueAndGrad(trainingLoss, [architecture]).grads.get(architecture)!;
  move(direction, epsilon.neg());
  const below = valueAndGrad(trainingLoss, [architecture]).grads.get(architecture)!;
  weights.forEach((weight: Cell, i) => {
    weight.set(before[i]!);
  });
  const mixed = above.sub(below).div(epsilon.mul(2));
  return { value, grads: new Map([[architecture, grads.get(architecture)!.sub(mixed.mul(rate))]]) };
}
