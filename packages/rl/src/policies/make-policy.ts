/** The policy that fits an action space. */

import type { Rng } from "@dl/core";
import { Box } from "../spaces/box.ts";
import type { Space } from "../spaces/space.ts";
import { CategoricalPolicy } from "./categorical-policy.ts";
import { GaussianPolicy } from "./gaussian-policy.ts";
import type { Policy } from "./policy.ts";
import { StateDependentPolicy } from "./state-dependent-policy.ts";

/** What on-policy algorithms let you choose about networks and exploration. */
export interface PolicyOptions {
  /** Widths of hidden layers, of policy and critic. Default [64, 64]. */
  hidden?: readonly number[];
  /** Default `tanh`. */
  activation?: "tanh" | "relu";
  /** For float actions: `clip` and `squash` are Gaussian, `smooth` is gSDE. Default `clip`. */
  exploration?: "clip" | "squash" | "smooth";
  /** First logarithm of the deviations of float actions. Default 0, for gSDE −2. */
  logStdStart?: number;
  /** Steps that gSDE keeps its noise for. Default 64. */
  noiseSteps?: number;
}

/** Choices get a categorical policy, floats a Gaussian one. */
export function makePolicy({
  hidden = [64, 64],
  activation = "tanh",
  exploration = "clip",
  logStdStart,
  noiseSteps,
  observationSpace,
  actionSpace,
  rng,
}: PolicyOptions & { observationSpace: Space<unknown>; actionSpace: Space<unknown>; rng: Rng }): Policy {
  const options = { observationSpace, actionSpace, hidden, activation, rng, ...(logStdStart !== undefined && { logStdStart }) };
  if (!(actionSpace instanceof Box)) return new CategoricalPolicy(options);
  if (exploration === "smooth") return new StateDependentPolicy({ ...options, ...(noiseSteps !== undefined && { noiseSteps }) });
  return new GaussianPolicy({ ...options, bounds: exploration });
}
