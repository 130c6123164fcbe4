/** Two critics, of which the smaller is believed: a single one overestimates. Fujimoto et al. 2018, arXiv:1802.09477, section 4. */

import { add, mean, type Rng, reshape, type Scalar, square, sub, type Tensor } from "@dl/core";
import { Module } from "@dl/nn";
import { Network } from "../networks/network.ts";
import type { Space } from "../spaces/space.ts";

/** Sizes of the networks of agents whose actions are floats. */
export interface ContinuousNetworkOptions {
  observationSpace: Space<unknown>;
  /** Floats in an action. */
  actionSize: number;
  /** Widths of hidden layers, with ReLU. */
  hidden: readonly number[];
  rng: Rng;
}

/** Two action values of one state and action. */
export class TwinCritic extends Module {
  readonly first: Network;
  readonly second: Network;

  constructor({ observationSpace, actionSize, hidden, rng }: ContinuousNetworkOptions) {
    super();
    const options = { observationSpace, extra: actionSize, hidden, outputs: 1, activation: "relu", start: "uniform" } as const;
    this.first = new Network({ ...options, rng: rng.fork("first") });
    this.second = new Network({ ...options, rng: rng.fork("second") });
  }

  /** Both `[B]`. */
  forward(observations: Tensor, actions: Tensor): readonly [Tensor, Tensor] {
    return [reshape(this.first.forward(observations, actions), [-1]), reshape(this.second.forward(observations, actions), [-1])];
  }
}

/** The mean squared error of both against the same goal `[B]`, added up. */
export function twinError([a, b]: readonly [Tensor, Tensor], goal: Tensor): Scalar {
  return add(mean(square(sub(a, goal))), mean(square(sub(b, goal))));
}
