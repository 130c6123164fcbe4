/**
 * REINFORCE: whole episodes, and actions as good as what came after them. Williams 1992; with a learned baseline, Sutton and Barto, section 13.4.
 *
 * The details that matter: long rollouts, so that most episodes end in them and the rest is bootstrapped by the baseline; and returns less the
 * baseline are normalised.
 */

import { add, hostTensor, mean, mul, neg, type Scalar, square, sub, tensor, valueAndGrad } from "@dl/core";
import { Adam, clipByGlobalNorm } from "@dl/nn";
import { Network } from "../networks/network.ts";
import { makePolicy, type PolicyOptions } from "../policies/make-policy.ts";
import { type Scheduled, valueAt } from "../schedule.ts";
import { type ActOptions, Algorithm, type AlgorithmOptions, type LogRow } from "./algorithm.ts";
import { explainedVariance, normalized } from "./numbers.ts";
import { ActorCritic } from "./ppo.ts";
import { collect, gatherRows, type RolloutBatch, type RolloutOptions, runPolicy } from "./rollout.ts";

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
export class Reinforce extends Algorithm {
  readonly name = "reinforce";
  readonly model: ActorCritic;
  readonly networks: { readonly model: ActorCritic };
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
    const { observationSpace, actionSpace } = options.environments;
    const rng = options.rng.fork("init");
    const { hidden = [64, 64], activation = "tanh" } = options;
    const policy = makePolicy({ ...options, observationSpace, actionSpace, rng: rng.fork("policy") });
    this.model = new ActorCritic(policy, new Network({ observationSpace, hidden, activation, outputs: 1, rng: rng.fork("baseline") }));
    this.networks = { model: this.model };
    const adam = (part: "policy" | "critic") => ({
      optimizer: new Adam(this.model[part].parameters(), { learningRate: () => valueAt(learningRate, this.done) }),
      model: this.model,
    });
    this.optimizers = { policy: adam("policy"), baseline: adam("critic") };
    this.#options = { rolloutSteps, learningRate, discount, baseline, entropyWeight, maxGradientNorm, baselineSteps };
  }

  async iterate(onEpisodes: RolloutOptions["onEpisodes"]): Promise<LogRow> {
    const { rolloutSteps: steps, discount, baseline, entropyWeight, maxGradientNorm, learningRate } = this.#options;
    const { device, environments, model } = this;
    const { policy, critic } = model;
    const observations = await this.begin();
    // λ = 1: advantages are returns to the episode's end less the baseline.
    const batch = await collect(observations, {
      device,
      environments,
      policy,
      critic,
      steps,
      discount,
      lambda: 1,
      rng: this.rngs.act,
      onEpisodes,
    });
    this.steps += batch.size;
    this.updates++;
    const { size } = batch;
    const weights = Float32Array.from(baseline ? batch.advantages : batch.returns);
    normalized(weights);
    const log = await device.compute(() => {
      const { value, grads } = valueAndGrad(() => {
        const outputs = policy.forward(tensor(hostTensor(batch.observations, [size, batch.observations.length / size])));
        const masks = batch.masks && tensor(hostTensor(Float32Array.from(batch.masks), [size, batch.masks.length / size]));
        const distribution = policy.distribution(outputs, masks);
        const policyLoss = neg(mean(mul(distribution.logProb(tensor(policy.upload(batch.actions))), tensor(weights))));
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
    const { critic } = this.model;
    const width = batch.observations.length / batch.size;
    const part = Math.ceil(batch.size / 4);
    let loss = 0;
    for (let i = 0; i < this.#options.baselineSteps; i++) {
      const rows = this.rngs.learn.permutation(batch.size).subarray(0, part);
      const observations = hostTensor(gatherRows(batch.observations, rows, { width }), [part, width]);
      const returns = hostTensor(gatherRows(batch.returns, rows, { width: 1 }), [part, 1]);
      loss = await this.device.compute(() => {
        const { value, grads } = valueAndGrad(
          () => mul(mean(square(sub(critic.forward(tensor(observations)), tensor(returns)))), 0.5) as Scalar,
          critic.parameters(),
        );
        this.optimizers.baseline.optimizer.update(clipByGlobalNorm(grads, this.#options.maxGradientNorm));
        return value;
      });
    }
    return loss;
  }

  async act(observations: Float32Array, { rng, deterministic = true, masks }: ActOptions): Promise<Float32Array> {
    const { policy } = this.model;
    const count = observations.length / this.environments.observationSpace.size;
    const outputs = await runPolicy(observations, { device: this.device, policy, count });
    return policy.toEnvironment(policy.choose(outputs, { rng, deterministic, masks }).actions);
  }
}
