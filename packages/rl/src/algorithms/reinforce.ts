/**
 * REINFORCE: whole episodes, and actions as good as what came after them. Williams 1992; with a learned baseline, Sutton and Barto, section 13.4.
 *
 * The details that matter: long rollouts, so that most episodes end in them and the rest is bootstrapped by the baseline; and returns less the
 * baseline are normalised.
 */

import { add, type HostTensor, mean, mul, neg, type Scalar, tensor, valueAndGrad } from "@dl/core";
import { Adam, clipByGlobalNorm } from "@dl/nn";
import type { PolicyOptions } from "../policies/make-policy.ts";
import { type Scheduled, valueAt } from "../schedule.ts";
import { type ActorCritic, fitValues } from "./actor-critic.ts";
import type { AlgorithmOptions, LogRow } from "./algorithm.ts";
import { explainedVariance, normalized } from "./numbers.ts";
import { OnPolicyAlgorithm } from "./on-policy.ts";
import { type RolloutBatch, type RolloutOptions, rowsOf } from "./rollout.ts";

export interface ReinforceOptions extends AlgorithmOptions, PolicyOptions {
  /** Steps of each copy between gradient steps; what is left of unfinished episodes is bootstrapped by the baseline. Default 500. */
  rolloutSteps?: number;
  /** Default 3 · 10⁻³. */
  learningRate?: Scheduled;
  /** γ. Default 0.99. */
  discount?: number;
  /** A learned value of each state, subtracted from the return. Default true. */
  baseline?: boolean;
  /** Default 0. */
  entropyWeight?: number;
  /** Largest global norm of the gradient. Default 1. */
  maxGradientNorm?: number;
  /** Gradient steps of the baseline after each of the policy. Default 10. */
  baselineSteps?: number;
}

/**
 * @example
 * using agent = new Reinforce({ ...reinforceCartPole, environments: systemCopies(cartPole(), { count: 4 }), device, rng });
 */
export class Reinforce extends OnPolicyAlgorithm {
  readonly name = "reinforce";
  readonly optimizers: {
    readonly policy: { optimizer: Adam; model: ActorCritic };
    readonly baseline: { optimizer: Adam; model: ActorCritic };
  };
  readonly #options: Required<
    Pick<
      ReinforceOptions,
      "rolloutSteps" | "learningRate" | "discount" | "baseline" | "entropyWeight" | "maxGradientNorm" | "baselineSteps"
    >
  >;

  constructor({
    rolloutSteps = 500,
    learningRate = 3e-3,
    discount = 0.99,
    baseline = true,
    entropyWeight = 0,
    maxGradientNorm = 1,
    baselineSteps = 10,
    ...options
  }: ReinforceOptions) {
    super(options);
    const adam = (part: "policy" | "critic") => ({
      optimizer: new Adam(this.model[part].parameters(), { learningRate: () => valueAt(learningRate, this.done) }),
      model: this.model,
    });
    this.optimizers = { policy: adam("policy"), baseline: adam("critic") };
    this.#options = { rolloutSteps, learningRate, discount, baseline, entropyWeight, maxGradientNorm, baselineSteps };
  }

  async iterate(onEpisodes: RolloutOptions["onEpisodes"]): Promise<LogRow> {
    const { rolloutSteps: steps, discount, baseline, entropyWeight, maxGradientNorm, learningRate } = this.#options;
    const { policy } = this.model;
    // λ = 1: advantages are returns to the episode's end less the baseline.
    const batch = await this.rollout({ steps, discount, lambda: 1, onEpisodes });
    this.updates++;
    const { observations, actions, masks, advantages, returns } = rowsOf(batch, policy);
    const weights: HostTensor = baseline ? advantages : returns;
    normalized(weights.data as Float32Array);
    const log = await this.device.compute(() => {
      const { value, grads } = valueAndGrad(() => {
        const distribution = policy.distribution(policy.forward(tensor(observations)), masks && tensor(masks));
        const policyLoss = neg(mean(mul(distribution.logProb(tensor(actions)), tensor(weights))));
        const entropy = mean(distribution.entropy());
        return { loss: add(policyLoss, mul(entropy, -entropyWeight)) as Scalar, policy_loss: policyLoss as Scalar, entropy };
      }, policy.parameters());
      this.optimizers.policy.optimizer.update(clipByGlobalNorm(grads, maxGradientNorm));
      return value;
    });
    const valueLoss = baseline ? await this.#fitBaseline(batch) : 0;
    return {
      policy_loss: log.policy_loss,
      entropy: log.entropy,
      value_loss: valueLoss,
      explained_variance: explainedVariance(batch.values, batch.returns),
      learning_rate: valueAt(learningRate, this.done),
    };
  }

  /** Regression of the returns, over quarters of the batch in random order. */
  async #fitBaseline(batch: RolloutBatch): Promise<number> {
    const { baselineSteps, maxGradientNorm } = this.#options;
    const { optimizer } = this.optimizers.baseline;
    const part = Math.ceil(batch.size / 4);
    let loss = 0;
    for (let i = 0; i < baselineSteps; i++) {
      const rows = rowsOf(batch, this.model.policy, { rows: this.rngs.learn.permutation(batch.size).subarray(0, part) });
      loss = await fitValues(this.model, rows, { device: this.device, optimizer, maxGradientNorm });
    }
    return loss;
  }
}
