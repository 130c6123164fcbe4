/** Generator and discriminator as one module: what checkpoints save of a GAN. */

import type { Tensor } from "@dl/core";
import { type Mode, Module } from "@dl/nn";

/** A module from latents to examples. Conditional ones take more; see `generate` of `fitGan`. */
export type Generator = Module & { forward(...inputs: never[]): Tensor };

/** A module from examples to scores. */
export type Discriminator = Module & { forward(...inputs: never[]): unknown };

/** Holds both. Disposing of it would free them: leave that to their owner. */
export class GanPair extends Module {
  readonly generator: Generator;
  readonly discriminator: Discriminator;

  constructor(generator: Generator, discriminator: Discriminator) {
    super();
    this.generator = generator;
    this.discriminator = discriminator;
  }

  /** Latents to examples. */
  forward(latents: Tensor, mode: Mode): Tensor {
    return (this.generator.forward as (latents: Tensor, mode: Mode) => Tensor)(latents, mode);
  }
}
