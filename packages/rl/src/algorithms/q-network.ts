/** Networks of action values: plain, dueling, and as distributions of returns. */

import { add, mean, mul, type Rng, reshape, softmax, sub, sum, type Tensor, tensor } from "@dl/core";
import { Linear, Module } from "@dl/nn";
import { Network } from "../networks/network.ts";
import type { Space } from "../spaces/space.ts";

/** `scalar`: one value. `atoms`: probabilities of fixed returns (C51). `quantiles`: returns of fixed probabilities (QR-DQN). */
export type ReturnKind =
  | { readonly kind: "scalar" }
  | { readonly kind: "atoms"; readonly low: number; readonly high: number; readonly count: number }
  | { readonly kind: "quantiles"; readonly count: number };

export interface QNetworkOptions {
  observationSpace: Space<unknown>;
  choices: number;
  hidden: readonly number[];
  /** Values and advantages apart. Wang et al. 2016, arXiv:1511.06581. */
  dueling: boolean;
  returns: ReturnKind;
  rng: Rng;
}

/** Rows of observations → `[B, choices, K]`, where K is 1 for scalar values, else the number of atoms or quantiles. */
export class QNetwork extends Module {
  readonly network: Network;
  readonly advantage: Linear | undefined;
  readonly returns: ReturnKind;
  readonly #choices: number;

  constructor({ observationSpace, choices, hidden, dueling, returns, rng }: QNetworkOptions) {
    super();
    const count = returns.kind === "scalar" ? 1 : returns.count;
    const outputs = dueling ? count : choices * count;
    this.network = new Network({ observationSpace, hidden, outputs, activation: "relu", start: "uniform", rng });
    this.advantage = dueling
      ? new Linear({ inputs: hidden.at(-1) ?? observationSpace.size, outputs: choices * count, rng: rng.fork("advantage") })
      : undefined;
    this.returns = returns;
    this.#choices = choices;
  }

  forward(observations: Tensor): Tensor {
    const rows = observations.shape[0]!;
    const features = this.network.features(observations);
    const out = this.network.head(features);
    if (!this.advantage) return reshape(out, [rows, this.#choices, -1]);
    const advantages = reshape(this.advantage.forward(features), [rows, this.#choices, -1]); // [B, choices, K]
    return add(reshape(out, [rows, 1, -1]), sub(advantages, mean(advantages, 1, { keepDims: true })));
  }

  /** Expected returns `[B, choices]` from what `forward` gave. */
  expected(outputs: Tensor): Tensor {
    const { returns } = this;
    if (returns.kind === "scalar") return reshape(outputs, outputs.shape.slice(0, 2));
    if (returns.kind === "quantiles") return mean(outputs, -1);
    return sum(mul(softmax(outputs), tensor(atomsOf(returns))), -1);
  }
}

/** The returns that atoms stand for. */
export function atomsOf({ low, high, count }: { readonly low: number; readonly high: number; readonly count: number }): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
}
