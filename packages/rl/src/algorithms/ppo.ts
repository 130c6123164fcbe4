/**
 * Proximal policy optimisation. Schulman et al. 2017, arXiv:1707.06347.
 *
 * The details that matter, after Huang et al. 2022, "The 37 implementation details of proximal policy optimization": orthogonal weights with a
 * small last layer of the policy, Adam with ε = 10⁻⁵, advantages normalised in each minibatch, a clipped global norm, minibatches shuffled
 * anew in every epoch, and truncated episodes bootstrapped from their last observation.
 */

import { hostTensor, OptionError, reshape, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { Adam, clipByGlobalNorm, Module, type Parameter } from "@dl/nn";
import { Network } from "../networks/network.ts";
import { makePolicy, type PolicyOptions } from "../policies/make-policy.ts";
import type { Policy } from "../policies/policy.ts";
import { type Scheduled, valueAt } from "../schedule.ts";
import { type ActOptions, Algorithm, type AlgorithmOptions, type LogRow } from "./algorithm.ts";
import { explainedVariance, mean, normalized, shuffled } from "./numbers.ts";
import { ppoLoss } from "./ppo-loss.ts";
import { collect, gatherRows, type RolloutBatch, type RolloutOptions, runPolicy } from "./rollout.ts";

export interface PpoOptions extends AlgorithmOptions, PolicyOptions {
  /** T: steps of each copy in a round. Default 128. */
  rolloutSteps?: number;
  /** Passes over a round. Default 4. */
  epochs?: number;
  /** Rows in a gradient step. Default 128. */
  batchSize?: number;
  /** Default 3 · 10⁻⁴. */
  learningRate?: Scheduled;
  /** γ. Default 0.99. */
  discount?: number;
  /** λ of the advantages. Default 0.95. */
  lambda?: number;
  /** ε. Default 0.2. */
  clipRange?: Scheduled;
  /** Also hold values near their old ones. Default no: Andrychowicz et al. 2021 found that it hurts. */
  valueClip?: number;
  /** Default 0.5. */
  valueWeight?: number;
  /** Default 0. */
  entropyWeight?: number;
  /** Largest global norm of the gradient. Default 0.5. */
  maxGradientNorm?: number;
  /** Default true. */
  normalizeAdvantages?: boolean;
  /** Ends a round's epochs early when the policy has moved this far (approximate KL, in nats). Default never. */
  targetKl?: number;
}

/** What PPO trains: a policy, and a critic of its own. */
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
    return { outputs: this.policy.forward(observations), values: reshape(this.critic.forward(observations), [-1]) };
  }
}

/**
 * @example
 * using agent = new Ppo({ ...ppoCartPole, environments: systemCopies(cartPole(), { count: 8 }), device, rng });
 */
export class Ppo extends Algorithm {
  readonly name = "ppo";
  readonly model: ActorCritic;
  readonly networks: { readonly model: ActorCritic };
  readonly optimizers: { readonly adam: { optimizer: Adam; model: ActorCritic } };
  readonly #parameters: readonly Parameter[];
  readonly #options: Required<Omit<PpoOptions, keyof AlgorithmOptions | keyof PolicyOptions | "targetKl" | "valueClip">> &
    Pick<PpoOptions, "targetKl" | "valueClip">;

  constructor({
    rolloutSteps = 128,
    epochs = 4,
    batchSize = 128,
    learningRate = 3e-4,
    discount = 0.99,
    lambda = 0.95,
    clipRange = 0.2,
    valueClip,
    valueWeight = 0.5,
    entropyWeight = 0,
    maxGradientNorm = 0.5,
    normalizeAdvantages = true,
    targetKl,
    ...options
  }: PpoOptions) {
    super(options);
    const { observationSpace, actionSpace, count } = options.environments;
    if (batchSize > rolloutSteps * count || batchSize < 2) {
      throw new OptionError(
        `Ppo: expected a batchSize from 2 to ${rolloutSteps * count} (rolloutSteps ${rolloutSteps} · copies ${count}), got ${batchSize}.`,
      );
    }
    const rng = options.rng.fork("init");
    const { hidden = [64, 64], activation = "tanh" } = options;
    const policy = makePolicy({ ...options, observationSpace, actionSpace, rng: rng.fork("policy") });
    this.model = new ActorCritic(policy, new Network({ observationSpace, hidden, activation, outputs: 1, rng: rng.fork("critic") }));
    this.networks = { model: this.model };
    this.#parameters = this.model.parameters();
    const optimizer = new Adam(this.#parameters, { learningRate: () => valueAt(learningRate, this.done), epsilon: 1e-5 });
    this.optimizers = { adam: { optimizer, model: this.model } };
    this.#options = {
      rolloutSteps,
      epochs,
      batchSize,
      learningRate,
      discount,
      lambda,
      clipRange,
      valueWeight,
      entropyWeight,
      maxGradientNorm,
      normalizeAdvantages,
      ...(valueClip !== undefined && { valueClip }),
      ...(targetKl !== undefined && { targetKl }),
    };
  }

  async iterate(onEpisodes: RolloutOptions["onEpisodes"]): Promise<LogRow> {
    const { rolloutSteps: steps, epochs, batchSize, discount, lambda, clipRange, targetKl } = this.#options;
    const { device, environments } = this;
    const { policy, critic } = this.model;
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

    const range = valueAt(clipRange, this.done);
    const logs = {
      policy_loss: [] as number[],
      value_loss: [] as number[],
      entropy: [] as number[],
      approx_kl: [] as number[],
      clip_fraction: [] as number[],
    };
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = shuffled(this.rngs.learn, batch.size);
      // A last batch that is too small would be mostly noise, and normalising it nonsense: its rows have their turn in other epochs.
      for (let at = 0; at + batchSize <= batch.size; at += batchSize) {
        const parts = await this.#learn(batch, order.subarray(at, at + batchSize), range);
        logs.policy_loss.push(parts.policyLoss);
        logs.value_loss.push(parts.valueLoss);
        logs.entropy.push(parts.entropy);
        // Schulman 2020, "Approximating KL divergence": low variance, never negative.
        logs.approx_kl.push(mean(parts.logRatio, (x) => Math.exp(x) - 1 - x));
        logs.clip_fraction.push(mean(parts.logRatio, (x) => Number(Math.abs(Math.exp(x) - 1) > range)));
      }
      if (targetKl !== undefined && mean(logs.approx_kl.slice(-Math.floor(batch.size / batchSize))) > 1.5 * targetKl) break;
    }
    return {
      ...Object.fromEntries(Object.entries(logs).map(([name, values]) => [name, mean(values)])),
      explained_variance: explainedVariance(batch.values, batch.returns),
      learning_rate: valueAt(this.#options.learningRate, this.done),
      clip_range: range,
    };
  }

  /** One gradient step on chosen rows. */
  async #learn(batch: RolloutBatch, rows: Int32Array, clipRange: number) {
    const { valueClip, valueWeight, entropyWeight, maxGradientNorm, normalizeAdvantages } = this.#options;
    const { policy } = this.model;
    const size = rows.length;
    const width = batch.observations.length / batch.size;
    const maskWidth = batch.masks ? batch.masks.length / batch.size : 0;
    const column = (data: Float64Array) => hostTensor(gatherRows(data, rows, { width: 1 }), [size]);
    const observations = hostTensor(gatherRows(batch.observations, rows, { width }), [size, width]);
    const actions = policy.upload(gatherRows(batch.actions, rows, { width: batch.actions.length / batch.size }));
    const masks = batch.masks && hostTensor(gatherRows(batch.masks, rows, { width: maskWidth }), [size, maskWidth]);
    const advantages = column(batch.advantages);
    if (normalizeAdvantages) normalized(advantages.data as Float32Array);
    this.updates++;
    return this.device.compute(() => {
      const { value, grads } = valueAndGrad(() => {
        const { outputs, values } = this.model.forward(tensor(observations));
        const distribution = policy.distribution(outputs, masks && tensor(masks));
        return ppoLoss({
          logProbs: distribution.logProb(tensor(actions)),
          entropy: distribution.entropy(),
          oldLogProbs: tensor(column(batch.logProbs)),
          advantages: tensor(advantages),
          values,
          oldValues: valueClip === undefined ? undefined : tensor(column(batch.values)),
          returns: tensor(column(batch.returns)),
          clipRange,
          valueClip,
          valueWeight,
          entropyWeight,
        });
      }, this.#parameters);
      this.optimizers.adam.optimizer.update(clipByGlobalNorm(grads, maxGradientNorm));
      return value;
    });
  }

  async act(observations: Float32Array, { rng, deterministic = true, masks }: ActOptions): Promise<Float32Array> {
    const { policy } = this.model;
    const count = observations.length / this.environments.observationSpace.size;
    const outputs = await runPolicy(observations, { device: this.device, policy, count });
    return policy.toEnvironment(policy.choose(outputs, { rng, deterministic, masks }).actions);
  }
}
