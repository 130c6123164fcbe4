/** What on-policy algorithms share: an actor and a critic, rollouts by the present policy, and acting. */

import type { PolicyOptions } from "../policies/make-policy.ts";
import { type ActorCritic, makeActorCritic } from "./actor-critic.ts";
import { type ActOptions, Algorithm, type AlgorithmOptions, type ExtraState } from "./algorithm.ts";
import { collect, type RolloutBatch, type RolloutOptions, runPolicy } from "./rollout.ts";

/** Options of `OnPolicyAlgorithm.rollout`. */
export type RolloutPlan = Pick<RolloutOptions, "steps" | "discount" | "lambda" | "onEpisodes"> & {
  /** Whether the critic values states. Default true. */
  readonly judged?: boolean;
};

/** Use a subclass, such as `Ppo`. */
export abstract class OnPolicyAlgorithm extends Algorithm {
  readonly model: ActorCritic;
  readonly networks: { readonly model: ActorCritic };

  constructor(options: AlgorithmOptions & PolicyOptions) {
    super(options);
    this.model = makeActorCritic({ ...options, rng: options.rng.fork("init") });
    this.networks = { model: this.model };
  }

  /** Acts for a while, and counts the steps. */
  protected async rollout({ judged = true, ...plan }: RolloutPlan): Promise<RolloutBatch> {
    const { device, environments, model } = this;
    const batch = await collect(await this.begin(), {
      ...plan,
      device,
      environments,
      policy: model.policy,
      critic: judged ? model.critic : undefined,
      rng: this.rngs.act,
    });
    this.steps += batch.size;
    return batch;
  }

  protected override extraState(): ExtraState {
    return { tensors: this.model.policy.saveNoise() };
  }

  protected override restoreExtra({ tensors }: Required<ExtraState>): void {
    this.model.policy.restoreNoise(tensors);
  }

  async act(observations: Float32Array, { rng, deterministic = true, masks }: ActOptions): Promise<Float32Array> {
    const { policy } = this.model;
    const count = observations.length / this.environments.observationSpace.size;
    const outputs = await runPolicy(observations, { device: this.device, policy, count });
    return policy.toEnvironment(policy.choose(outputs, { rng, deterministic, masks }).actions);
  }
}
