/** Two hidden layers of tanh units: the policy of most control problems. */

import { type Rng, type Tensor, tanh } from "@dl/core";
import { Linear, Module } from "@dl/nn";

export interface MlpOptions {
  inputs: number;
  hidden: number;
  outputs: number;
  rng: Rng;
}

/** `[B, inputs]` → `[B, outputs]`. */
export class Mlp extends Module {
  readonly first: Linear;
  readonly second: Linear;
  readonly head: Linear;

  constructor({ inputs, hidden, outputs, rng }: MlpOptions) {
    super();
    this.first = new Linear({ inputs, outputs: hidden, rng: rng.fork("first") });
    this.second = new Linear({ inputs: hidden, outputs: hidden, rng: rng.fork("second") });
    this.head = new Linear({ inputs: hidden, outputs, rng: rng.fork("head") });
  }

  forward(x: Tensor): Tensor {
    return this.head.forward(tanh(this.second.forward(tanh(this.first.forward(x)))));
  }
}
