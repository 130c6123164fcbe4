/** The gradients of single examples, before anything is added up. */

import { type Gradients, OptionError, type Scalar, ShapeError, sum, type Tensor } from "@dl/core";
import type { Parameter } from "@dl/nn";

/** Tensors by name; the examples are the first axis of each. */
export type ExampleBatch = Readonly<Record<string, Tensor>>;

/** The loss of each example of a batch, `[B]`. */
export type ExampleLosses<B extends ExampleBatch = ExampleBatch> = (batch: B) => Tensor;

export interface ExampleGradients {
  /** `[B]` */
  readonly losses: Tensor;
  /** `[B]`: ‖gradient‖² of each example, over all parameters. */
  readonly squaredNorms: Tensor;
  /** Σ weights[b] · gradient of example b; `weights` is `[B]`. */
  weightedSum(weights: Tensor): Gradients<Parameter>;
}

/** How many examples a batch has. */
export function countExamples(batch: ExampleBatch): number {
  const sizes = Object.entries(batch).map(([name, { shape }]) => [name, shape[0]] as const);
  const [first] = sizes;
  if (first?.[1] === undefined || first[1] === 0)
    throw new OptionError("clippedGradients: expected a batch of at least one example, got none.");
  const other = sizes.find(([, size]) => size !== first[1]);
  if (other) {
    throw new ShapeError(
      `clippedGradients: expected the examples as the first axis of each tensor, got ${first[1]} in ${first[0]} and ${other[1]} in ${other[0]}.`,
    );
  }
  return first[1];
}

/** Σ losses, checked to be one an example. */
export function totalOf(losses: Tensor, examples: number): Scalar {
  if (losses.rank !== 1 || losses.shape[0] !== examples) {
    throw new ShapeError(
      `clippedGradients: expected one loss an example, [${examples}], got [${losses.shape.join(", ")}]. Take the loss with { reduction: "none" }.`,
    );
  }
  return sum(losses);
}

/** The batch with each of its tensors changed. */
export function mapTensors<B extends ExampleBatch>(batch: B, change: (x: Tensor) => Tensor): B {
  return Object.fromEntries(Object.entries(batch).map(([name, x]) => [name, change(x)])) as B;
}
