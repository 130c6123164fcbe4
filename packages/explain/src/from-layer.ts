/** A model from one of its layers on: so that embeddings of tokens, or what a layer makes of an image, are explained as inputs are. */

import type { Tensor } from "@dl/core";
import type { Module } from "@dl/nn";
import { layerOf, withLayerOutput } from "./intercept.ts";
import type { Forward } from "./target.ts";

export interface FromLayerOptions {
  readonly model: Module;
  /** A layer that runs once, with one tensor out, by its path or itself. */
  readonly layer: string | Module;
  /** The whole forward pass: `() => model.forward(tokens, inference)`. */
  readonly forward: () => Tensor;
}

/**
 * What the layer gives in this forward pass, and the scores as a function of it. Both within one `compute`.
 *
 * @throws OptionError for a layer that is not there, or that does not run once with one tensor out.
 * @example no-run
 * const { output, forward } = fromLayer({ model, layer: "embeddings", forward: () => model.forward(tokens, inference) });
 * const words = sum(integratedGradients(output, { forward, target: 1 }), -1); // [B, T]
 */
export function fromLayer({ model, layer, forward }: FromLayerOptions): { readonly output: Tensor; readonly forward: Forward } {
  const found = layerOf("fromLayer", model, layer);
  let output: Tensor | undefined;
  const note = (given: Tensor): Tensor => (output = given);
  withLayerOutput("fromLayer", { layer: found, replace: note }, forward);
  return { output: output!, forward: (given) => withLayerOutput("fromLayer", { layer: found, replace: () => given }, forward) };
}
