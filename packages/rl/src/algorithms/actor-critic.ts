/** What on-policy algorithms train: a policy, and a critic of its own. */

import { type Device, mean, mul, type Rng, reshape, square, sub, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { type Adam, clipByGlobalNorm, Module } from "@dl/nn";
import { Network } from "../networks/network.ts";
import { makePolicy, type PolicyOptions } from "../policies/make-policy.ts";
import type { Policy } from "../policies/policy.ts";
import type { VectorEnvironment } from "../vector/vector-environment.ts";
import type { RolloutRows } from "./rollout.ts";

export class ActorCritic extends Module {
  readonly policy: Policy;
  readonly critic: Network;

  constructor(policy: Policy, critic: Network) {
    super();
    this.policy = policy;
    this.critic = critic;
  }

  /** The policy's outputs, and values `[B]`. */
  forward(observations: Tensor): { outputs: ReturnType<Policy["forward"]>; values: Tensor } {
    return { outputs: this.policy.forward(observations), values: this.values(observations) };
  }

  /** `[B]` */
  values(observations: Tensor): Tensor {
    return reshape(this.critic.forward(observations), [-1]);
  }
}

/** Both with hidden layers of the same widths, for an environment's spaces. */
export function makeActorCritic({
  environments: { observationSpace, actionSpace },
  hidden = [64, 64],
  activation = "tanh",
  rng,
  ...options
}: PolicyOptions & { environments: VectorEnvironment; rng: Rng }): ActorCritic {
  const shape = { observationSpace, hidden, activation };
  return new ActorCritic(
    makePolicy({ ...options, ...shape, actionSpace, rng: rng.fork("policy") }),
    new Network({ ...shape, outputs: 1, rng: rng.fork("critic") }),
  );
}

export interface FitValuesOptions {
  device: Device;
  optimizer: Pick<Adam, "update">;
  /** Largest global norm of the gradient. Default any. */
  maxGradientNorm?: number;
}

/** One gradient step of the critic alone towards the returns; half the mean squared error before it. */
export function fitValues(
  model: ActorCritic,
  { observations, returns }: RolloutRows,
  { device, optimizer, maxGradientNorm }: FitValuesOptions,
): Promise<number> {
  const parameters = model.critic.parameters();
  return device.compute(() => {
    const { value, grads } = valueAndGrad(
      () => mul(mean(square(sub(model.values(tensor(observations)), tensor(returns)))), 0.5),
      parameters,
    );
    optimizer.update(maxGradientNorm === undefined ? grads : clipByGlobalNorm(grads, maxGradientNorm));
    return value;
  });
}
