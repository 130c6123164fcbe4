/** A fully connected layer before a generator's first feature map. Chen et al. 2016, arXiv:1606.03657, C.1, but for the order of its parts. */

import type { Rng, Tensor } from "@dl/core";
import { type init, Linear, type Mode, Module } from "@dl/nn";
import { type ClassNorm, classNorm, normalized } from "./class-norm.ts";

export interface PlanOptions {
  inputs: number;
  outputs: number;
  /** Told apart by conditional batch norm. Default none. */
  classes?: number | undefined;
  activation: (x: Tensor) => Tensor;
  weightInit: init.Initializer;
  rng: Rng;
}

/**
 * Decides what is where: `[B, inputs]`, with classes also labels `[B]` → `[B, outputs]`. Batch norm comes last, so that every output has mean 0 over
 * the batch, as latents have: an activation's mean would be a bias to each place of the map, and the shortest way to one image for all latents.
 */
export class Plan extends Module {
  readonly linear: Linear;
  readonly norm: ClassNorm;
  readonly activation: (x: Tensor) => Tensor;

  constructor({ inputs, outputs, classes, activation, weightInit, rng }: PlanOptions) {
    super();
    this.linear = new Linear({ inputs, outputs, weightInit, rng });
    this.norm = classNorm({ channels: outputs, classes, rng: rng.fork("norm") });
    this.activation = activation;
  }

  forward(latents: Tensor, labels: Tensor | undefined, mode: Mode): Tensor {
    return normalized(this.norm, this.activation(this.linear.forward(latents)), { labels, mode });
  }
}
