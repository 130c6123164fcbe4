/**
 * Proximal policy optimisation. Schulman et al. 2017, arXiv:1707.06347.
 *
 * The details that matter, after Huang et al. 2022, "The 37 implementation details of proximal policy optimization": orthogonal weights with a
 * small last layer of the policy, Adam with ε = 10⁻⁵, advantages normalised in each minibatch, a clipped global norm, minibatches shuffled
 * anew in every epoch, and truncated episodes bootstrapped from their last observation.
 */

import { type HostOf, OptionError, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { Adam, clipByGlobalNorm, type Parameter } from "@dl/nn";
import type { Distribution } from "../distributions/distribution.ts";
import type { PolicyOptions } from "../policies/make-policy.ts";
import type { Policy } from "../policies/policy.ts";
import { type Scheduled, valueAt } from "../schedule.ts";
import type { ActorCritic } from "./actor-critic.ts";
import type { Algorithm, AlgorithmOptions, LogRow } from "./algorithm.ts";
import { checkAmounts, checkCounts, checkShares } from "./check-numbers.ts";
import { explainedVariance, mean, normalized, shuffled } from "./numbers.ts";
import { OnPolicyAlgorithm } from "./on-policy.ts";
import { type PpoLoss, ppoLoss } from "./ppo-loss.ts";
import { type RolloutBatch, type RolloutOptions, type RolloutRows, rowsOf } from "./rollout.ts";

export interface PpoOptions extends AlgorithmOptions, PolicyOptions {
  /** T: steps of each copy in a round. Default 128. */
  rolloutSteps?: number;
  /** Passes over a round. Default 4. */
  epochs?: number;
  /** Rows in a gradient step. Default 128, or a whole round where that is less. */
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

/**
 * @example
 * using agent = new Ppo({ ...ppoCartPole, environments: systemCopies(cartPole(), { count: 8 }), device, rng });
 */
export class Ppo extends OnPolicyAlgorithm {
  readonly name = "ppo";
  readonly optimizers: { readonly adam: { optimizer: Adam; model: ActorCritic } };
  readonly #settings: PpoSettings;
  readonly #learner: ProximalLearner;

  constructor(options: PpoOptions) {
    super(options);
    this.#settings = ppoSettings("Ppo", options);
    const { model } = this;
    const parameters = model.parameters();
    const optimizer = ppoAdam(this, parameters, this.#settings);
    this.optimizers = { adam: { optimizer, model } };
    this.#learner = {
      algorithm: this,
      settings: this.#settings,
      policy: model.policy,
      parameters,
      optimizer,
      forward({ observations, masks }) {
        const { outputs, values } = model.forward(tensor(observations));
        return { distribution: model.policy.distribution(outputs, masks && tensor(masks)), values };
      },
    };
  }

  async iterate(onEpisodes: RolloutOptions["onEpisodes"]): Promise<LogRow> {
    const { rolloutSteps: steps, batchSize, discount, lambda } = this.#settings;
    const batch = await this.rollout({ steps, discount, lambda, onEpisodes });
    return learnProximally(batch, {
      ...this.#learner,
      // A last batch that is too small would be mostly noise, and normalising it nonsense: its rows have their turn in other epochs.
      minibatches: () => chunks(shuffled(this.rngs.learn, batch.size), batchSize),
    });
  }
}

/** PPO's options with every default filled in. */
export type PpoSettings = Required<Omit<PpoOptions, keyof AlgorithmOptions | keyof PolicyOptions | "targetKl" | "valueClip">> &
  Pick<PpoOptions, "targetKl" | "valueClip">;

/** @throws OptionError when a minibatch would be larger than a round, and for numbers that nothing can be learned by. */
export function ppoSettings(
  where: string,
  {
    environments: { count },
    rolloutSteps = 128,
    epochs = 4,
    batchSize = Math.min(128, rolloutSteps * count),
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
  }: PpoOptions,
): PpoSettings {
  checkCounts(where, { rolloutSteps, epochs, batchSize });
  checkShares(where, { discount, lambda });
  checkAmounts(where, { learningRate, clipRange, valueClip, valueWeight, maxGradientNorm, targetKl });
  if (batchSize > rolloutSteps * count || batchSize < 2) {
    throw new OptionError(
      `${where}: expected a batchSize from 2 to ${rolloutSteps * count} (rolloutSteps ${rolloutSteps} · copies ${count}), got ${batchSize}.`,
    );
  }
  const learning = { learningRate, clipRange, valueWeight, entropyWeight, maxGradientNorm, normalizeAdvantages };
  const limits = { ...(valueClip !== undefined && { valueClip }), ...(targetKl !== undefined && { targetKl }) };
  return { rolloutSteps, epochs, batchSize, discount, lambda, ...learning, ...limits };
}

export function ppoAdam(algorithm: Algorithm, parameters: readonly Parameter[], { learningRate }: PpoSettings): Adam {
  return new Adam(parameters, { learningRate: () => valueAt(learningRate, algorithm.done), epsilon: 1e-5 });
}

/** Whole batches of consecutive entries; what is left over is dropped. */
export function* chunks(order: Int32Array, size: number): Generator<Int32Array> {
  for (let at = 0; at + size <= order.length; at += size) yield order.subarray(at, at + size);
}

/** What learns: a policy and a critic, in whatever network they live. */
export interface ProximalLearner {
  readonly algorithm: Algorithm;
  readonly settings: PpoSettings;
  readonly policy: Policy;
  readonly parameters: readonly Parameter[];
  readonly optimizer: Adam;
  /** The present policy's distribution at rows of the rollout, and values `[B]`; inside `compute`. */
  forward(rows: RolloutRows, places: Int32Array): { readonly distribution: Distribution; readonly values: Tensor };
}

/** The epochs of one round: gradient steps on minibatches of a rollout. `minibatches` gives those of one epoch. */
export async function learnProximally(
  batch: RolloutBatch,
  { minibatches, ...learner }: ProximalLearner & { minibatches: () => Iterable<Int32Array> },
): Promise<LogRow> {
  const { algorithm, settings } = learner;
  const { epochs, targetKl, learningRate } = settings;
  const range = valueAt(settings.clipRange, algorithm.done);
  const logs = {
    policy_loss: [] as number[],
    value_loss: [] as number[],
    entropy: [] as number[],
    approx_kl: [] as number[],
    clip_fraction: [] as number[],
  };
  for (let epoch = 0; epoch < epochs; epoch++) {
    const before = logs.approx_kl.length;
    for (const places of minibatches()) {
      algorithm.updates++;
      const parts = await proximalStep(batch, places, { ...learner, range });
      logs.policy_loss.push(parts.policyLoss);
      logs.value_loss.push(parts.valueLoss);
      logs.entropy.push(parts.entropy);
      // Schulman 2020, "Approximating KL divergence": low variance, never negative.
      logs.approx_kl.push(mean(parts.logRatio, (x) => Math.exp(x) - 1 - x));
      logs.clip_fraction.push(mean(parts.logRatio, (x) => Number(Math.abs(Math.exp(x) - 1) > range)));
    }
    if (targetKl !== undefined && mean(logs.approx_kl.slice(before)) > 1.5 * targetKl) break;
  }
  return {
    ...Object.fromEntries(Object.entries(logs).map(([name, values]) => [name, mean(values)])),
    explained_variance: explainedVariance(batch.values, batch.returns),
    learning_rate: valueAt(learningRate, algorithm.done),
    clip_range: range,
  };
}

/** One gradient step on the rows at `places`. */
function proximalStep(
  batch: RolloutBatch,
  places: Int32Array,
  { algorithm, settings, policy, parameters, optimizer, forward, range }: ProximalLearner & { range: number },
): Promise<HostOf<PpoLoss>> {
  const { valueClip, valueWeight, entropyWeight, maxGradientNorm, normalizeAdvantages } = settings;
  const rows = rowsOf(batch, policy, { rows: places });
  if (normalizeAdvantages) normalized(rows.advantages.data as Float32Array);
  return algorithm.device.compute(() => {
    const { value, grads } = valueAndGrad(() => {
      const { distribution, values } = forward(rows, places);
      return ppoLoss({
        logProbs: distribution.logProb(tensor(rows.actions)),
        entropy: distribution.entropy(),
        oldLogProbs: tensor(rows.logProbs),
        advantages: tensor(rows.advantages),
        values,
        oldValues: valueClip === undefined ? undefined : tensor(rows.values),
        returns: tensor(rows.returns),
        clipRange: range,
        valueClip,
        valueWeight,
        entropyWeight,
      });
    }, parameters);
    optimizer.update(clipByGlobalNorm(grads, maxGradientNorm));
    return value;
  });
}
