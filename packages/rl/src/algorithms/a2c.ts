/**
 * Advantage actor-critic, synchronous. Mnih et al. 2016, "Asynchronous methods for deep reinforcement learning", arXiv:1602.01783.
 *
 * The details that matter: short rollouts of many copies, one gradient step for each, RMSProp with a large ε (or Adam), a clipped norm, and no
 * normalisation of advantages.
 */

import { add, hostTensor, mean, mul, neg, type Scalar, square, sub, tensor, valueAndGrad } from "@dl/core";
import { Adam, clipByGlobalNorm, RmsProp } from "@dl/nn";
import { Network } from "../networks/network.ts";
import { makePolicy, type PolicyOptions } from "../policies/make-policy.ts";
import { type Scheduled, valueAt } from "../schedule.ts";
import { type ActOptions, Algorithm, type AlgorithmOptions, type LogRow } from "./algorithm.ts";
import { explainedVariance, normalized } from "./numbers.ts";
import { ActorCritic } from "./ppo.ts";
import { collect, type RolloutOptions, runPolicy } from "./rollout.ts";

export interface A2cOptions extends AlgorithmOptions, PolicyOptions {
  /** T: steps of each copy in a round. Default 5. */
  rolloutSteps?: number;
  /** Default 7 · 10⁻⁴. */
  learningRate?: Scheduled;
  /** Default `rmsprop`. */
  optimizer?: "rmsprop" | "adam";
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
export class A2c extends Algorithm {
  readonly name = "a2c";
  readonly model: ActorCritic;
  readonly networks: { readonly model: ActorCritic };
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
    discount = 0.99,
    lambda = 1,
    valueWeight = 0.5,
    entropyWeight = 0,
    maxGradientNorm = 0.5,
    normalizeAdvantages = false,
    ...options
  }: A2cOptions) {
    super(options);
    const { observationSpace, actionSpace } = options.environments;
    const rng = options.rng.fork("init");
    const { hidden = [64, 64], activation = "tanh" } = options;
    const policy = makePolicy({ ...options, observationSpace, actionSpace, rng: rng.fork("policy") });
    this.model = new ActorCritic(policy, new Network({ observationSpace, hidden, activation, outputs: 1, rng: rng.fork("critic") }));
    this.networks = { model: this.model };
    const rate = () => valueAt(learningRate, this.done);
    const parameters = this.model.parameters();
    const made =
      optimizer === "adam"
        ? new Adam(parameters, { learningRate: rate, epsilon: 1e-5 })
        : new RmsProp(parameters, { learningRate: rate, decay: 0.99, epsilon: 1e-5 });
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
    const { device, environments, model } = this;
    const { policy, critic } = model;
    const observations = await this.begin();
    const batch = await collect(observations, {
      device,
      environments,
      policy,
      critic,
      steps,
      discount,
      lambda,
      rng: this.rngs.act,
      onEpisodes,
    });
    this.steps += batch.size;
    this.updates++;
    const { size } = batch;
    if (normalizeAdvantages) normalized(batch.advantages);
    const column = (data: Float64Array) => tensor(hostTensor(Float32Array.from(data), [size]));
    const log = await device.compute(() => {
      const { value, grads } = valueAndGrad(() => {
        const { outputs, values } = model.forward(tensor(hostTensor(batch.observations, [size, batch.observations.length / size])));
        const masks = batch.masks && tensor(hostTensor(Float32Array.from(batch.masks), [size, batch.masks.length / size]));
        const distribution = policy.distribution(outputs, masks);
        const policyLoss = neg(mean(mul(distribution.logProb(tensor(policy.upload(batch.actions))), column(batch.advantages))));
        const valueLoss = mul(mean(square(sub(values, column(batch.returns)))), 0.5);
        const entropy = mean(distribution.entropy());
        const loss = sub(add(policyLoss, mul(valueLoss, 2 * valueWeight)), mul(entropy, entropyWeight)) as Scalar;
        return { loss, policy_loss: policyLoss as Scalar, value_loss: valueLoss as Scalar, entropy };
      }, model.parameters());
      this.optimizers.optimizer.optimizer.update(clipByGlobalNorm(grads, maxGradientNorm));
      return value;
    });
    const { loss: _, ...row } = log;
    return { ...row, explained_variance: explainedVariance(batch.values, batch.returns), learning_rate: valueAt(learningRate, this.done) };
  }

  async act(observations: Float32Array, { rng, deterministic = true, masks }: ActOptions): Promise<Float32Array> {
    const { policy } = this.model;
    const count = observations.length / this.environments.observationSpace.size;
    const outputs = await runPolicy(observations, { device: this.device, policy, count });
    return policy.toEnvironment(policy.choose(outputs, { rng, deterministic, masks }).actions);
  }
}
