/** Policies over vectors of floats: normal around the network's output, with one deviation a coordinate. */

import { type HostTensor, hostTensor, OptionError, type Tensor } from "@dl/core";
import { Parameter } from "@dl/nn";
import type { Distribution } from "../distributions/distribution.ts";
import { DiagonalGaussian } from "../distributions/gaussian.ts";
import type { MlpOptions } from "../networks/mlp.ts";
import { Network } from "../networks/network.ts";
import { Box } from "../spaces/box.ts";
import type { Space } from "../spaces/space.ts";
import { type Choice, type ChooseOptions, type HostOutputs, type Outputs, Policy } from "./policy.ts";

export interface GaussianPolicyOptions extends Pick<MlpOptions, "hidden" | "activation" | "rng"> {
  observationSpace: Space<unknown>;
  /** A `Box`. */
  actionSpace: Space<unknown>;
  /** How an action gets within bounds: cut off, or sent through tanh and stretched. Default `clip`. */
  bounds?: "clip" | "squash";
  /** First logarithm of the standard deviations, in units of the action. Default 0. */
  logStdStart?: number;
}

const nearly = 0.999;

export class GaussianPolicy extends Policy {
  readonly actionSpace: Box;
  readonly network: Network;
  /** `[A]`: the same in every state. Schulman et al. 2017. */
  readonly logStd: Parameter;
  readonly bounds: "clip" | "squash";

  constructor({
    observationSpace,
    actionSpace,
    hidden,
    activation = "tanh",
    bounds = "clip",
    logStdStart = 0,
    rng,
  }: GaussianPolicyOptions) {
    super();
    this.actionSpace = requireBox("GaussianPolicy", actionSpace, { bounded: bounds === "squash" });
    const { size } = this.actionSpace;
    this.network = new Network({ observationSpace, hidden, outputs: size, activation, outputGain: 0.01, rng });
    this.logStd = new Parameter(hostTensor(new Float32Array(size).fill(logStdStart), [size]));
    this.bounds = bounds;
  }

  /** `mean [B, A]`, `logStd [A]` */
  forward(observations: Tensor): { mean: Tensor; logStd: Tensor } {
    return { mean: this.network.forward(observations), logStd: this.logStd.value };
  }

  /** Of the actions before they are brought within bounds: what tanh adds to a log-density does not depend on the policy, and cancels in every ratio. */
  distribution({ mean, logStd }: Outputs): Distribution {
    return new DiagonalGaussian(mean!, logStd!);
  }

  choose({ mean, logStd }: HostOutputs, { rng, deterministic = false }: ChooseOptions): Choice {
    const rows = mean!.shape[0]!;
    return perturb(mean!.data, {
      rows,
      deviation: (i) => Math.exp(logStd!.data[i % this.actionSpace.size]!),
      noise: deterministic ? undefined : rng.normal([mean!.data.length]).data,
    });
  }

  upload(actions: Float32Array): HostTensor {
    return hostTensor(actions, [actions.length / this.actionSpace.size, this.actionSpace.size]);
  }

  toEnvironment(actions: Float32Array): Float32Array {
    return this.bounds === "clip" ? clipRows(this.actionSpace, actions) : stretchRows(this.actionSpace, actions.map(Math.tanh));
  }

  /** @throws OptionError for an action that squashing cannot give: one outside the bounds. */
  fromEnvironment(actions: Float32Array): Float32Array {
    if (this.bounds === "clip") return actions;
    const { low, high, size } = this.actionSpace;
    return actions.map((value, i) => {
      const from = low[i % size]!;
      const share = (2 * (value - from)) / (high[i % size]! - from) - 1;
      if (!(Math.abs(share) <= 1 + 1e-5)) {
        throw new OptionError(
          `GaussianPolicy: expected actions within ${this.actionSpace}, got ${value} in row ${Math.floor(i / size)}. Clip them, or use bounds "clip".`,
        );
      }
      // The bounds themselves are infinitely far out: a thousandth inside them is near enough to act, and to learn.
      return Math.atanh(Math.min(Math.max(share, -nearly), nearly));
    });
  }
}

/** @internal Normal actions around `mean` and their log-densities. */
export function perturb(
  mean: ArrayLike<number>,
  { rows, deviation, noise }: { rows: number; deviation: (i: number) => number; noise: ArrayLike<number> | undefined },
): Choice {
  const size = mean.length / rows;
  const actions = Float32Array.from(mean);
  const logProbs = new Float64Array(rows);
  for (let i = 0; i < actions.length; i++) {
    const std = deviation(i);
    const z = noise?.[i] ?? 0;
    actions[i]! += std * z;
    logProbs[Math.floor(i / size)]! -= 0.5 * z * z + Math.log(std) + 0.5 * Math.log(2 * Math.PI);
  }
  return { actions, logProbs };
}

/** @internal The space as a box, with finite bounds if need be. */
export function requireBox(where: string, space: Space<unknown>, { bounded }: { bounded: boolean }): Box {
  if (!(space instanceof Box) || (bounded && !space.bounded)) {
    throw new OptionError(`${where}: expected actions in a Box${bounded ? " with finite bounds" : ""}, got ${space}.`);
  }
  return space;
}

/** @internal Rows of actions cut off at the bounds. */
export function clipRows({ low, high, size }: Box, actions: Float32Array): Float32Array {
  return actions.map((value, i) => Math.min(Math.max(value, low[i % size]!), high[i % size]!));
}

/** @internal Rows of actions within ±1 stretched to the bounds. */
export function stretchRows({ low, high, size }: Box, actions: Float32Array): Float32Array {
  return actions.map((value, i) => {
    const from = low[i % size]!;
    const to = high[i % size]!;
    return Math.min(Math.max(from + ((value + 1) / 2) * (to - from), from), to);
  });
}
