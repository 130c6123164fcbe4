/**
 * The sum of per-example gradients, each shortened to a largest length: the step of DP-SGD before its noise.
 * Abadi et al. 2016, "Deep learning with differential privacy", arXiv:1607.00133, algorithm 1.
 */

import { add, type Gradients, minimum, mul, OptionError, reciprocal, sqrt, type Tensor } from "@dl/core";
import type { Module, Parameter } from "@dl/nn";
import type { ExampleBatch, ExampleLosses } from "./example-gradients.ts";
import { layerGradients } from "./layer-gradients.ts";
import { oneByOneGradients } from "./one-by-one.ts";

/**
 * How single gradients are found. `layers` finds their lengths and sums from what goes into and comes back to each layer, in one pass;
 * it knows Linear, Conv2d (one group, not dilated), LayerNorm, GroupNorm, InstanceNorm and Embedding, each run once. `one by one` runs each example alone: any
 * model, slowly.
 */
export type ExampleMethod = "layers" | "one by one";

/** @throws OptionError for any other word. */
export function checkMethod(where: string, method: ExampleMethod): void {
  if (method === "layers" || method === "one by one") return;
  throw new OptionError(`${where}: expected method "layers" or "one by one", got ${JSON.stringify(method satisfies never)}.`);
}

export interface ClippedGradientsOptions<B extends ExampleBatch> {
  /** Run on the whole batch, or, one by one, on batches of one. */
  losses: ExampleLosses<B>;
  /** The longest an example's gradient may be: what one person can change. */
  maxNorm: number;
  /** Default `layers`. */
  method?: ExampleMethod;
}

export interface ClippedGradients {
  /** Σ clipped gradients; divide by the expected size of a sample after noise is added. */
  readonly grads: Gradients<Parameter>;
  /** `[B]`, before clipping. */
  readonly norms: Tensor;
  /** `[B]` */
  readonly losses: Tensor;
}

/**
 * Inside `compute`. Nothing may mix the examples of a batch: batch normalisation leaves no example a gradient of its own.
 *
 * @param batch  The examples are the first axis of each tensor.
 * @throws OptionError when the model has a layer without a rule, or one that runs twice; ShapeError when the losses are not `[B]`.
 * @example
 * const { grads, norms } = clippedGradients(model, upload(batch), {
 *   maxNorm: 1,
 *   losses: ({ images, labels }) => crossEntropy(model.forward(images, inference), labels, { reduction: "none" }),
 * });
 */
export function clippedGradients<B extends ExampleBatch>(
  model: Module,
  batch: B,
  { losses, maxNorm, method = "layers" }: ClippedGradientsOptions<B>,
): ClippedGradients {
  if (!(maxNorm > 0)) throw new OptionError(`clippedGradients: expected a maxNorm > 0, got ${maxNorm}.`);
  checkMethod("clippedGradients", method);
  const found = method === "layers" ? layerGradients(model, batch, losses) : oneByOneGradients(model, batch, losses);
  const norms = sqrt(found.squaredNorms);
  // As in Opacus, 10⁻⁶ keeps a gradient of zeros from dividing by its length.
  const weights = minimum(mul(reciprocal(add(norms, 1e-6)), maxNorm), 1); // [B]
  return { grads: found.weightedSum(weights), norms, losses: found.losses };
}
