/**
 * Deep Q-learning and what was added to it. Mnih et al. 2015; double: van Hasselt et al. 2016, arXiv:1509.06461; dueling: Wang et al. 2016,
 * arXiv:1511.06581; prioritised: Schaul et al. 2016, arXiv:1511.05952; n-step and all together: Hessel et al. 2018, "Rainbow", arXiv:1710.02298;
 * distributions: C51, arXiv:1707.06887, and QR-DQN, Dabney et al. 2018, arXiv:1710.10044.
 */

import {
  abs,
  argmax,
  div,
  type HostTensor,
  hostTensor,
  less,
  logSoftmax,
  max,
  mean,
  mul,
  neg,
  OptionError,
  oneHot,
  reshape,
  softmax,
  sub,
  sum,
  type Tensor,
  takeAlong,
  tensor,
  valueAndGrad,
  where,
} from "@dl/core";
import { type Adam, clipByGlobalNorm, type Module } from "@dl/nn";
import { moveTarget } from "../networks/target.ts";
import { allowedOnly } from "../policies/categorical-policy.ts";
import { PrioritizedReplay } from "../replay/prioritized-replay.ts";
import { type ReplayBatch, ReplayBuffer } from "../replay/replay-buffer.ts";
import { linear, type Scheduled, valueAt } from "../schedule.ts";
import { Discrete } from "../spaces/discrete.ts";
import type { ActOptions, AlgorithmOptions, LogRow } from "./algorithm.ts";
import { projectAtoms } from "./categorical-projection.ts";
import { checkAmounts, checkCounts, checkShares } from "./check-numbers.ts";
import { OffPolicyAlgorithm } from "./off-policy.ts";
import { QNetwork, type ReturnKind } from "./q-network.ts";
import { hostRows } from "./rollout.ts";

export interface DqnOptions extends AlgorithmOptions {
  /** Widths of hidden layers, with ReLU. Default [128, 128]. */
  hidden?: readonly number[];
  /** Default 10⁻³. */
  learningRate?: Scheduled;
  /** Default 64. */
  batchSize?: number;
  /** Steps kept. Default 100,000. */
  capacity?: number;
  /** Steps before learning begins. Default 1000. */
  warmUp?: number;
  /** Steps of each copy between rounds of learning. Default 4. */
  trainEvery?: number;
  /** Gradient steps in a round. Default 1. */
  gradientSteps?: number;
  /** Gradient steps between copies of the network to the target. Default 250. */
  targetEvery?: number;
  /** γ. Default 0.99. */
  discount?: number;
  /** ε: share of random actions. Default from 1 to 0.05 over the first tenth. */
  exploration?: Scheduled;
  /** The network chooses the next action, the target values it. Default true. */
  double?: boolean;
  /** Default false. */
  dueling?: boolean;
  /** n. Default 1. */
  horizon?: number;
  /** Draw surprising steps more often: α, and β as it rises to 1. Default uniform. */
  prioritized?: { readonly alpha?: number; readonly beta?: Scheduled };
  /** Default `scalar`. */
  returns?: ReturnKind;
  /** Largest global norm of the gradient. Default 10. */
  maxGradientNorm?: number;
}

/**
 * @example
 * using agent = new Dqn({ ...dqnCartPole, environments: systemCopies(cartPole(), { count: 1 }), device, rng });
 */
export class Dqn extends OffPolicyAlgorithm {
  readonly name = "dqn";
  readonly network: QNetwork;
  readonly target: QNetwork;
  readonly buffer: ReplayBuffer | PrioritizedReplay;
  readonly networks: Readonly<Record<"network" | "target", QNetwork>>;
  readonly optimizers: { readonly adam: { optimizer: Adam; model: Module } };
  protected readonly targets: readonly (readonly [Module, Module])[];
  readonly #choices: number;
  readonly #beta: Scheduled;
  readonly #options: Required<Pick<DqnOptions, "batchSize" | "targetEvery" | "exploration" | "double" | "maxGradientNorm">>;

  constructor({
    hidden = [128, 128],
    learningRate = 1e-3,
    batchSize = 64,
    capacity = 100_000,
    warmUp = 1000,
    trainEvery = 4,
    gradientSteps = 1,
    targetEvery = 250,
    discount = 0.99,
    exploration = linear(1, { to: 0.05, share: 0.1 }),
    double = true,
    dueling = false,
    horizon = 1,
    prioritized,
    returns = { kind: "scalar" },
    maxGradientNorm = 10,
    ...options
  }: DqnOptions) {
    super(options, { learningRate, warmUp, trainEvery, gradientSteps, discount, horizon });
    checkCounts("Dqn", { batchSize, targetEvery });
    checkShares("Dqn", { exploration, beta: prioritized?.beta });
    checkAmounts("Dqn", { alpha: prioritized?.alpha, maxGradientNorm });
    if (returns.kind === "atoms" && !(returns.low < returns.high && returns.count >= 2)) {
      throw new OptionError(
        `Dqn: expected at least 2 atoms from low to a higher high, got ${returns.count} from ${returns.low} to ${returns.high}.`,
      );
    }
    const { observationSpace, actionSpace } = options.environments;
    if (!(actionSpace instanceof Discrete))
      throw new OptionError(`Dqn: expected one discrete action, got ${actionSpace}. Use PPO, or SAC for floats.`);
    this.#choices = actionSpace.choices;
    const shape = { observationSpace, choices: this.#choices, hidden, dueling, returns, rng: options.rng.fork("init") };
    this.network = new QNetwork(shape);
    this.target = new QNetwork(shape);
    this.networks = { network: this.network, target: this.target };
    this.targets = [[this.target, this.network]];
    this.optimizers = { adam: this.adam(this.network) };
    const choices = options.environments.actionMasks && this.#choices;
    const sizes = { capacity, observationSize: observationSpace.size, actionSize: 1, choices };
    this.buffer = prioritized ? new PrioritizedReplay({ ...sizes, exponent: prioritized.alpha ?? 0.6 }) : new ReplayBuffer(sizes);
    this.#beta = prioritized?.beta ?? linear(0.4, { to: 1 });
    this.#options = { batchSize, targetEvery, exploration, double, maxGradientNorm };
  }

  protected async explore(observations: Float32Array, masks: Uint8Array | undefined): Promise<Float32Array> {
    const share = this.warmingUp ? 1 : valueAt(this.#options.exploration, this.done);
    const best = share === 1 ? new Float32Array(this.environments.count) : await this.#best(observations, masks);
    return this.#perturb(best, { rng: this.rngs.act, share, masks });
  }

  protected toEnvironment(actions: Float32Array): Float32Array {
    return actions;
  }

  protected sample(): ReplayBatch {
    const { batchSize } = this.#options;
    if (this.buffer instanceof ReplayBuffer) return this.buffer.sample(this.rngs.learn, batchSize);
    return this.buffer.sample(this.rngs.learn, { count: batchSize, beta: valueAt(this.#beta, this.done) });
  }

  /** One gradient step, and when its turn has come a copy to the target. */
  async update(batch: ReplayBatch): Promise<LogRow> {
    const { network, target } = this;
    const { targetEvery, exploration, maxGradientNorm } = this.#options;
    const goal = await this.#goal(batch);
    const rows = batch.places.length;
    const count = network.returns.kind === "scalar" ? 1 : network.returns.count;
    const places = Int32Array.from({ length: rows * count }, (_, i) => batch.actions.data[Math.floor(i / count)]!);
    const { loss, q, taken, errors } = await this.device.compute(() => {
      const { value, grads } = valueAndGrad(() => {
        const outputs = network.forward(tensor(batch.observations)); // [B, choices, K]
        const taken = reshape(takeAlong(outputs, tensor(hostTensor(places, [rows, 1, count])), { axis: 1 }), [rows, count]);
        const errors = this.#errors(taken, tensor(goal)); // [B]
        return { loss: mean(mul(errors, tensor(batch.weights))), q: mean(taken), taken, errors };
      }, network.parameters());
      this.optimizers.adam.optimizer.update(clipByGlobalNorm(grads, maxGradientNorm));
      return value;
    });
    if (this.buffer instanceof PrioritizedReplay) this.buffer.update(batch.places, surprise(network.returns, { taken, goal, errors }));
    if (++this.updates % targetEvery === 0) await this.device.compute(() => moveTarget(target, network, { rate: 1 }));
    return { q_loss: loss, q_mean: q, exploration: valueAt(exploration, this.done) };
  }

  /** What the taken actions' values should be: `[B, 1]`, distributions `[B, atoms]`, or quantiles `[B, count]`. */
  async #goal(batch: ReplayBatch): Promise<HostTensor> {
    const { network, target } = this;
    const { returns } = network;
    const rows = batch.places.length;
    const count = returns.kind === "scalar" ? 1 : returns.count;
    const next = await this.device.compute((): Tensor => {
      const observations = tensor(batch.nextObservations);
      const outputs = target.forward(observations); // [B, choices, K]
      const judge = this.#options.double ? network.expected(network.forward(observations)) : target.expected(outputs);
      // What cannot be done next is worth nothing now, however high it is rated: no step ever corrects that.
      const open = allowedOnly(judge, batch.nextMasks && tensor(batch.nextMasks));
      const best = argmax(open, 1); // [B]
      if (returns.kind === "scalar" && !this.#options.double) return reshape(max(open, 1), [rows, 1]);
      const chosen = mul(outputs, reshape(oneHot(best, this.#choices), [rows, this.#choices, 1]));
      const values = sum(chosen, 1); // [B, K]
      return returns.kind === "atoms" ? softmax(values) : values;
    });
    const rewards = batch.rewards.data;
    const discounts = batch.discounts.data;
    if (returns.kind === "atoms") {
      const { low, high } = returns;
      return hostTensor(projectAtoms({ probabilities: next.data, rewards, discounts, low, high, atoms: count }), [rows, count]);
    }
    return hostTensor(
      Float32Array.from(next.data, (value, i) => rewards[Math.floor(i / count)]! + discounts[Math.floor(i / count)]! * value),
      [rows, count],
    );
  }

  /** The loss of each row, `[B]`. */
  #errors(taken: Tensor, goal: Tensor): Tensor {
    const { returns } = this.network;
    switch (returns.kind) {
      case "scalar":
        return reshape(huberOf(sub(taken, goal)), [-1]);
      case "atoms":
        return neg(sum(mul(goal, logSoftmax(taken)), -1));
      case "quantiles":
        return quantileLoss(taken, goal);
      default:
        return returns satisfies never;
    }
  }

  async act(observations: Float32Array, { rng, deterministic = true, masks }: ActOptions): Promise<Float32Array> {
    const best = await this.#best(observations, masks);
    return deterministic ? best : this.#perturb(best, { rng, share: valueAt(this.#options.exploration, this.done), masks });
  }

  /** A share of the actions becomes random ones, of those allowed. */
  #perturb(
    best: Float32Array,
    { rng, share, masks }: { rng: ActOptions["rng"]; share: number; masks: Uint8Array | undefined },
  ): Float32Array {
    return best.map((action, i) => {
      if (rng.float() >= share) return action;
      const mask = masks?.subarray(i * this.#choices, (i + 1) * this.#choices);
      return mask ? rng.categorical([1], mask).data[0]! : rng.integer(0, this.#choices);
    });
  }

  async #best(observations: Float32Array, masks: Uint8Array | undefined): Promise<Float32Array> {
    const rows = hostRows(observations, { width: this.environments.observationSpace.size });
    const { data } = await this.device.compute((): Tensor => this.network.expected(this.network.forward(tensor(rows))));
    return Float32Array.from({ length: rows.shape[0]! }, (_, row) => {
      let best = Number.NaN;
      let highest = -Infinity;
      for (let choice = 0; choice < this.#choices; choice++) {
        const at = row * this.#choices + choice;
        if (masks?.[at] !== 0 && data[at]! > highest) {
          best = choice;
          highest = data[at]!;
        }
      }
      return best;
    });
  }
}

/**
 * How wrong each row was, `[B]`: |δ| of a value, not what the loss makes of it (Schaul et al. 2016, section 3.3); of atoms the divergence from their
 * goal, which a goal that is itself uncertain does not raise (Hessel et al. 2018); of quantiles the loss.
 */
function surprise(
  { kind }: ReturnKind,
  { taken, goal, errors }: { taken: HostTensor; goal: HostTensor; errors: HostTensor },
): ArrayLike<number> {
  if (kind === "quantiles") return errors.data;
  if (kind === "scalar") return Float64Array.from(errors.data, (_, row) => Math.abs(taken.data[row]! - goal.data[row]!));
  const count = goal.data.length / errors.data.length;
  return Float64Array.from(errors.data, (crossEntropy, row) => {
    let divergence = crossEntropy;
    for (const p of goal.data.subarray(row * count, (row + 1) * count)) if (p > 0) divergence += p * Math.log(p);
    return Math.max(divergence, 0);
  });
}

/** x²/2 near 0, |x| − ½ beyond 1: a wild error pulls no harder than a large one. */
function huberOf(x: Tensor): Tensor {
  const size = abs(x);
  return where(less(size, 1), mul(x.square(), 0.5), sub(size, 0.5));
}

/** Quantile Huber loss `[B]`: predictions and goals are `[B, N]`. QR-DQN, equation 10. */
export function quantileLoss(predictions: Tensor, goals: Tensor): Tensor {
  const [rows, count] = predictions.shape as [number, number];
  const errors = sub(reshape(goals, [rows, 1, count]), reshape(predictions, [rows, count, 1])); // [B, N predicted, N goal]
  const middles = tensor(
    hostTensor(
      Float32Array.from({ length: count }, (_, i) => (i + 0.5) / count),
      [1, count, 1],
    ),
  );
  const below = less(errors, 0).cast("float32");
  const weights = abs(sub(middles, below));
  return div(sum(mul(weights, huberOf(errors)), [1, 2]), count);
}
