/**
 * REINFORCE: whole episodes, and actions as good as what came after them. Williams 1992; with a learned baseline, Sutton and Barto, section 13.4.
 *
 * The details that matter: long rollouts, so that most episodes end in them and the rest is bootstrapped by the baseline; returns less the
 * baseline are normalised; and without a baseline, only steps whose episode ended count, because only their returns are known.
 */

import { add, mean, mul, neg, tensor, valueAndGrad } from "@dl/core";
import { Adam, clipByGlobalNorm } from "@dl/nn";
import type { PolicyOptions } from "../policies/make-policy.ts";
import { type Scheduled, valueAt } from "../schedule.ts";
import { type ActorCritic, fitValues } from "./actor-critic.ts";
import type { AlgorithmOptions, LogRow } from "./algorithm.ts";
import { checkAmounts, checkCounts, checkShares } from "./check-numbers.ts";
import { explainedVariance, normalized } from "./numbers.ts";
import { OnPolicyAlgorithm } from "./on-policy.ts";
import { type RolloutBatch, type RolloutOptions, rowsOf } from "./rollout.ts";

export interface ReinforceOptions extends AlgorithmOptions, PolicyOptions {
  /** Steps of each copy between gradient steps; what is left of unfinished episodes is bootstrapped by the baseline, or without one not learned from. Default 500. */
  rolloutSteps?: number;
  /** Default 3 · 10⁻³. */
  learningRate?: Scheduled;
  /** γ. Default 0.99. */
  discount?: number;
  /** A learned value of each state, subtracted from the return. Without it nothing is valued: an episode that was cut short is worth what it earned. Default true. */
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
    checkCounts("Reinforce", { rolloutSteps, baselineSteps });
    checkShares("Reinforce", { discount });
    checkAmounts("Reinforce", { learningRate, maxGradientNorm });
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
    const batch = await this.rollout({ steps, discount, lambda: 1, onEpisodes, judged: baseline });
    const rate = { learning_rate: valueAt(learningRate, this.done) };
    const known = baseline ? undefined : finishedRows(batch.done, this.environments.count);
    if (known?.length === 0) return rate;
    this.updates++;
    // Without a baseline, values are 0 and advantages are the returns.
    const { observations, actions, masks, advantages: weights } = rowsOf(batch, policy, known && { rows: known });
    normalized(weights.data as Float32Array);
    const log = await this.device.compute(() => {
      const { value, grads } = valueAndGrad(() => {
        const distribution = policy.distribution(policy.forward(tensor(observations)), masks && tensor(masks));
        const policyLoss = neg(mean(mul(distribution.logProb(tensor(actions)), tensor(weights))));
        const entropy = mean(distribution.entropy());
        return { loss: add(policyLoss, mul(entropy, -entropyWeight)), policy_loss: policyLoss, entropy };
      }, policy.parameters());
      this.optimizers.policy.optimizer.update(clipByGlobalNorm(grads, maxGradientNorm));
      return value;
    });
    const row = { policy_loss: log.policy_loss, entropy: log.entropy, ...rate };
    if (!baseline) return row;
    return { ...row, value_loss: await this.#fitBaseline(batch), explained_variance: explainedVariance(batch.values, batch.returns) };
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

/** Rows whose episode ended within the rollout: `done` is `[T, N]`, row by row of time. */
function finishedRows(done: Uint8Array, count: number): Int32Array {
  const rows: number[] = [];
  const ends = new Uint8Array(count);
  for (let row = done.length - 1; row >= 0; row--) {
    ends[row % count]! |= done[row]!;
    if (ends[row % count]) rows.push(row);
  }
  return Int32Array.from(rows.reverse());
}
