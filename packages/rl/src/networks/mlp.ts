/** Dense layers, as nearly all of reinforcement learning uses them. */

import { type Rng, relu, type Tensor, tanh } from "@dl/core";
import { type Initializer, init, Linear, Module } from "@dl/nn";

export interface MlpOptions {
  inputs: number;
  /** Widths of the hidden layers. */
  hidden: readonly number[];
  outputs: number;
  /** Of the hidden layers. Default `tanh`. */
  activation?: "tanh" | "relu";
  /** `orthogonal`: gain √2 and zero biases, as on-policy methods like it; `uniform`: ±1/√inputs, as PyTorch. Default `orthogonal`. */
  start?: "orthogonal" | "uniform";
  /** Gain of the last layer when it starts orthogonal. Default 1. */
  outputGain?: number;
  rng: Rng;
}

/** `[B, inputs]` → `[B, outputs]`. */
export class Mlp extends Module {
  readonly layers: readonly Linear[];
  readonly activation: "tanh" | "relu";

  constructor({ inputs, hidden, outputs, activation = "tanh", start = "orthogonal", outputGain = 1, rng }: MlpOptions) {
    super();
    const sizes = [inputs, ...hidden, outputs];
    this.activation = activation;
    this.layers = hidden.concat(outputs).map((size, i) => {
      const last = i === hidden.length;
      return new Linear({
        inputs: sizes[i]!,
        outputs: size,
        // ReLU runs in the layer's own kernel; tanh follows it.
        ...(activation === "relu" && !last && { activation: "relu" as const }),
        ...(start === "orthogonal" && orthogonalStart(last ? outputGain : Math.SQRT2)),
        rng: rng.fork(`layer ${i}`),
      });
    });
  }

  forward(x: Tensor): Tensor {
    return this.head(this.features(x));
  }

  /** Outputs of the last hidden layer, `[B, hidden.at(-1)]`; x itself when there is none. */
  features(x: Tensor): Tensor {
    for (const layer of this.layers.slice(0, -1)) x = this.activation === "tanh" ? tanh(layer.forward(x)) : layer.forward(x);
    return x;
  }

  /** The last layer. */
  head(features: Tensor): Tensor {
    return this.layers.at(-1)!.forward(features);
  }
}

/** Andrychowicz et al. 2021, arXiv:2006.05990: a small last layer of the policy is what matters most. */
export function orthogonalStart(gain: number): { weightInit: Initializer; biasInit: Initializer } {
  return { weightInit: (shape, { rng }) => init.orthogonal(shape, { rng, gain }), biasInit: init.zeros };
}

/** The activation by name, for networks that are not dense layers only. */
export function activate(activation: "tanh" | "relu", x: Tensor): Tensor {
  return activation === "tanh" ? tanh(x) : relu(x);
}
