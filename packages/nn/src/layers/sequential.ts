/** Layers one after the other. */

import type { Tensor } from "@dl/core";
import type { Mode } from "../mode.ts";
import { Module } from "../module.ts";

/** A module from a tensor to a tensor, or a plain function such as `relu`. */
export type Layer = (Module & { forward(x: Tensor, mode: Mode): Tensor }) | ((x: Tensor) => Tensor);

/**
 * @example
 * const model = new Sequential([
 *   new Linear({ inputs: 784, outputs: 128, rng: rng.fork("hidden") }),
 *   relu,
 *   new Linear({ inputs: 128, outputs: 10, rng: rng.fork("head") }),
 * ]);
 */
export class Sequential extends Module {
  readonly layers: readonly Layer[];

  constructor(layers: readonly Layer[]) {
    super();
    this.layers = layers;
  }

  forward(x: Tensor, mode: Mode): Tensor {
    return this.layers.reduce((y, layer) => (layer instanceof Module ? layer.forward(y, mode) : layer(y)), x);
  }
}
