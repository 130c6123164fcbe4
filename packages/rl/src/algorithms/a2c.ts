/**
 * Advantage actor-critic, synchronous. Mnih et al. 2016, "Asynchronous methods for deep reinforcement learning", arXiv:1602.01783.
 *
 * The details that matter: short rollouts of many copies, one gradient step for each, RMSProp with a large ε (or Adam), a clipped norm, and no
 * normalisation of advantages.
 */

import { add, mean, mul, neg, square, sub, tensor, valueAndGrad } from "@dl/core";
import { Adam, clipByGlobalNorm, RmsProp } from "@dl/nn";
import type { PolicyOptions } from "../policies/make-policy.ts";
import { type Scheduled, valueAt } from "../schedule.ts";
import type { ActorCritic } from "./actor-critic.ts";
import type { AlgorithmOptions, LogRow } from "./algorithm.ts";
import { checkAmounts, checkCounts, checkShares } from "./check-numbers.ts";
import { explainedVariance, normalized } from "./numbers.ts";
import { OnPolicyAlgorithm } from "./on-policy.ts";
import { type RolloutOptions, rowsOf } from "./rollout.ts";

export interface A2cOptions extends AlgorithmOptions, PolicyOptions {
  /** T: steps of each copy in a round. Default 5. */
  rolloutSteps?: number;
  /** Default 7 · 10⁻⁴. */
  learningRate?: Scheduled;
  /** Default `rmsprop`. */
  optimizer?: "rmsprop" | "adam";
  /**
   * Added to the root of the gradient's mean square. Default 3 · 10⁻³, which is 10⁻⁵ within the root as OpenAI's baselines had it: once an agent has learned,
   * gradients vanish, and an optimizer that divides by nearly nothing makes steps of what noise is left.
   */
  epsilon?: number;
  /** γ. Default 0.99. */
  discount?: number;
  /** λ of the advantages. Default 1: n-step returns. */
  lambda?: number;
  /** Default 0.5. */
  valueWeight?: number;
  /** Default 0. */
  entropyWeight?: number;
  /** Largest global norm of the gradient. Default 0.5. */
  maxGradientNorm?: number;
  /** Default false. */
  normalizeAdvantages?: boolean;
}

/**
 * @example
 * using agent = new A2c({ ...a2cCartPole, environments: systemCopies(cartPole(), { count: 8 }), device, rng });
 */
export class A2c extends OnPolicyAlgorithm {
  readonly name = "a2c";
  readonly optimizers: { readonly optimizer: { optimizer: RmsProp | Adam; model: ActorCritic } };
  readonly #options: Required<
    Pick<
      A2cOptions,
      "rolloutSteps" | "learningRate" | "discount" | "lambda" | "valueWeight" | "entropyWeight" | "maxGradientNorm" | "normalizeAdvantages"
    >
  >;

  constructor({
    rolloutSteps = 5,
    learningRate = 7e-4,
    optimizer = "rmsprop",
    epsilon = 3e-3,
    discount = 0.99,
    lambda = 1,
    valueWeight = 0.5,
    entropyWeight = 0,
    maxGradientNorm = 0.5,
    normalizeAdvantages = false,
    ...options
  }: A2cOptions) {
    super(options);
    checkCounts("A2c", { rolloutSteps });
    checkShares("A2c", { discount, lambda });
    checkAmounts("A2c", { learningRate, epsilon, valueWeight, maxGradientNorm });
    const rate = () => valueAt(learningRate, this.done);
    const parameters = this.model.parameters();
    const made =
      optimizer === "adam"
        ? new Adam(parameters, { learningRate: rate, epsilon })
        : new RmsProp(parameters, { learningRate: rate, decay: 0.99, epsilon });
    this.optimizers = { optimizer: { optimizer: made, model: this.model } };
    this.#options = { rolloutSteps, learningRate, discount, lambda, valueWeight, entropyWeight, maxGradientNorm, normalizeAdvantages };
  }

  async iterate(onEpisodes: RolloutOptions["onEpisodes"]): Promise<LogRow> {
    const {
      rolloutSteps: steps,
      discount,
      lambda,
      valueWeight,
      entropyWeight,
      maxGradientNorm,
      normalizeAdvantages,
      learningRate,
    } = this.#options;
    const { model } = this;
    const batch = await this.rollout({ steps, discount, lambda, onEpisodes });
    this.updates++;
    if (normalizeAdvantages) normalized(batch.advantages);
    const { observations, actions, masks, advantages, returns } = rowsOf(batch, model.policy);
    const log = await this.device.compute(() => {
      const { value, grads } = valueAndGrad(() => {
        const { outputs, values } = model.forward(tensor(observations));
        const distribution = model.policy.distribution(outputs, masks && tensor(masks));
        const policyLoss = neg(mean(mul(distribution.logProb(tensor(actions)), tensor(advantages))));
        const valueLoss = mul(mean(square(sub(values, tensor(returns)))), 0.5);
        const entropy = mean(distribution.entropy());
        const loss = sub(add(policyLoss, mul(valueLoss, 2 * valueWeight)), mul(entropy, entropyWeight));
        return { loss, policy_loss: policyLoss, value_loss: valueLoss, entropy };
      }, model.parameters());
      this.optimizers.optimizer.optimizer.update(clipByGlobalNorm(grads, maxGradientNorm));
      return value;
    });
    const { loss: _, ...row } = log;
    return { ...row, explained_variance: explainedVariance(batch.values, batch.returns), learning_rate: valueAt(learningRate, this.done) };
  }
}
