/**
 * Soft actor-critic over choices. Christodoulou 2019, arXiv:1910.07207.
 *
 * The details that matter: expectations over actions are sums, not samples; critics give one value a choice; and the entropy aimed at is a share of
 * the greatest there is, log n.
 */

import {
  add,
  exp,
  hostTensor,
  logSoftmax,
  mean,
  minimum,
  mul,
  neg,
  OptionError,
  type Rng,
  reshape,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  takeAlong,
  tensor,
  valueAndGrad,
} from "@dl/core";
import { type Adam, Module, type Parameter } from "@dl/nn";
import { Network } from "../networks/network.ts";
import { moveTarget } from "../networks/target.ts";
import { allowedOnly, CategoricalPolicy } from "../policies/categorical-policy.ts";
import { type ReplayBatch, ReplayBuffer } from "../replay/replay-buffer.ts";
import type { Scheduled } from "../schedule.ts";
import { Discrete } from "../spaces/discrete.ts";
import type { Space } from "../spaces/space.ts";
import type { ActOptions, AlgorithmOptions } from "./algorithm.ts";
import { checkCounts, checkShares } from "./check-numbers.ts";
import { OffPolicyAlgorithm } from "./off-policy.ts";
import { runPolicy } from "./rollout.ts";
import { Temperature } from "./sac.ts";

export interface DiscreteSacOptions extends AlgorithmOptions {
  /** Widths of hidden layers, with ReLU. Default [64, 64]. */
  hidden?: readonly number[];
  /** Of actor, critics and temperature. Default 10⁻³. */
  learningRate?: Scheduled;
  /** Default 64. */
  batchSize?: number;
  /** Steps kept. Default 100,000. */
  capacity?: number;
  /** Steps before learning begins. Default 500. */
  warmUp?: number;
  /** Steps of each copy between gradient steps. Default 1. */
  trainEvery?: number;
  /** γ. Default 0.99. */
  discount?: number;
  /** τ. Default 0.005. */
  targetRate?: number;
  /** Share of log n that the entropy is steered to, n being the choices that make sense. Default 0.3. */
  entropyShare?: number;
}

/** Two values for every choice, `[B, n]` each. */
class TwinValues extends Module {
  readonly first: Network;
  readonly second: Network;

  constructor({
    observationSpace,
    choices,
    hidden,
    rng,
  }: { observationSpace: Space<unknown>; choices: number; hidden: readonly number[]; rng: Rng }) {
    super();
    const options = { observationSpace, hidden, outputs: choices, activation: "relu", start: "uniform" } as const;
    this.first = new Network({ ...options, rng: rng.fork("first") });
    this.second = new Network({ ...options, rng: rng.fork("second") });
  }

  forward(observations: Tensor): readonly [Tensor, Tensor] {
    return [this.first.forward(observations), this.second.forward(observations)];
  }
}

/**
 * @example
 * using agent = new DiscreteSac({ environments: systemCopies(cartPole(), { count: 1 }), device, rng });
 */
export class DiscreteSac extends OffPolicyAlgorithm {
  readonly name = "discrete-sac";
  readonly policy: CategoricalPolicy;
  readonly critic: TwinValues;
  readonly target: TwinValues;
  readonly temperature: Temperature = new Temperature(1);
  readonly buffer: ReplayBuffer;
  readonly networks: Readonly<Record<"policy" | "critic" | "target" | "temperature", Module>>;
  readonly optimizers: Readonly<Record<"policy" | "critic" | "temperature", { optimizer: Adam; model: Module }>>;
  protected readonly targets: readonly (readonly [Module, Module])[];
  readonly #parameters: Readonly<Record<"policy" | "critic", readonly Parameter[]>>;
  readonly #options: { readonly batchSize: number; readonly targetRate: number; readonly entropyShare: number; readonly choices: number };

  constructor({
    hidden = [64, 64],
    learningRate = 1e-3,
    batchSize = 64,
    capacity = 100_000,
    warmUp = 500,
    trainEvery = 1,
    discount = 0.99,
    targetRate = 0.005,
    entropyShare = 0.3,
    ...options
  }: DiscreteSacOptions) {
    const { observationSpace, actionSpace, count } = options.environments;
    super(options, { learningRate, warmUp, trainEvery, gradientSteps: trainEvery * count, discount });
    checkCounts("DiscreteSac", { batchSize });
    checkShares("DiscreteSac", { targetRate, entropyShare });
    if (!(actionSpace instanceof Discrete))
      throw new OptionError(`DiscreteSac: expected one discrete action, got ${actionSpace}. Use Sac for floats.`);
    const rng = options.rng.fork("init");
    this.policy = new CategoricalPolicy({ observationSpace, actionSpace, hidden, activation: "relu", rng: rng.fork("policy") });
    const shape = { observationSpace, choices: actionSpace.choices, hidden, rng: rng.fork("critic") };
    this.critic = new TwinValues(shape);
    this.target = new TwinValues(shape);
    this.networks = { policy: this.policy, critic: this.critic, target: this.target, temperature: this.temperature };
    this.targets = [[this.target, this.critic]];
    this.optimizers = { policy: this.adam(this.policy), critic: this.adam(this.critic), temperature: this.adam(this.temperature) };
    this.#parameters = { policy: this.policy.parameters(), critic: this.critic.parameters() };
    this.buffer = new ReplayBuffer({
      ...{ capacity, observationSize: observationSpace.size, actionSize: 1 },
      choices: options.environments.actionMasks && actionSpace.choices,
    });
    this.#options = { batchSize, targetRate, entropyShare, choices: actionSpace.choices };
  }

  protected explore(observations: Float32Array, masks: Uint8Array | undefined): Promise<Float32Array> {
    return this.act(observations, { rng: this.rngs.act, deterministic: false, masks });
  }

  protected toEnvironment(actions: Float32Array): Float32Array {
    return actions;
  }

  protected sample(): ReplayBatch {
    return this.buffer.sample(this.rngs.learn, this.#options.batchSize);
  }

  /** One gradient step of critics, policy and temperature. */
  async update(batch: ReplayBatch): Promise<Record<"q_loss" | "policy_loss" | "entropy" | "temperature", number>> {
    const { policy, critic, target, temperature } = this;
    const rows = batch.places.length;
    const targetEntropy = this.#options.entropyShare * greatestEntropy(batch, this.#options.choices);
    const taken = hostTensor(Int32Array.from(batch.actions.data), [rows, 1]);
    this.updates++;
    return this.device.compute(() => {
      const observations = tensor(batch.observations);
      const alpha = temperature.forward(); // [1]
      const nextObservations = tensor(batch.nextObservations);
      const nextLog = logSoftmax(allowedOnly(policy.forward(nextObservations).logits, batch.nextMasks && tensor(batch.nextMasks))); // [B, n]
      const [q1, q2] = target.forward(nextObservations);
      const soft = sum(mul(exp(nextLog), sub(minimum(q1, q2), mul(alpha, nextLog))), -1); // [B]
      const goal = reshape(add(tensor(batch.rewards), mul(tensor(batch.discounts), soft)), [rows, 1]);
      const places = tensor(taken);
      const errors = valueAndGrad(() => {
        const [a, b] = critic.forward(observations);
        const error = (q: typeof a) => mean(square(sub(takeAlong(q, places, { axis: 1 }), goal)));
        return mul(add(error(a), error(b)), 0.5);
      }, this.#parameters.critic);
      this.optimizers.critic.optimizer.update(errors.grads);

      const [a, b] = critic.forward(observations);
      const values = minimum(a, b); // [B, n]
      const better = valueAndGrad(() => {
        const logProbs = logSoftmax(allowedOnly(policy.forward(observations).logits, batch.masks && tensor(batch.masks)));
        const probabilities = exp(logProbs);
        const loss = mean(sum(mul(probabilities, sub(mul(alpha, logProbs), values)), -1));
        return { loss, entropy: stopGradient(neg(mean(sum(mul(probabilities, logProbs), -1)))) };
      }, this.#parameters.policy);
      this.optimizers.policy.optimizer.update(better.grads);

      const gradient = reshape(sub(better.value.entropy, targetEntropy), [1]);
      this.optimizers.temperature.optimizer.update(new Map([[temperature.log, gradient]]));
      moveTarget(target, critic, { rate: this.#options.targetRate });
      return {
        q_loss: errors.value,
        policy_loss: better.value.loss,
        entropy: better.value.entropy,
        temperature: reshape(alpha, []),
      };
    });
  }

  async act(observations: Float32Array, { rng, deterministic = true, masks }: ActOptions): Promise<Float32Array> {
    const count = observations.length / this.environments.observationSpace.size;
    const outputs = await runPolicy(observations, { device: this.device, policy: this.policy, count });
    return this.policy.choose(outputs, { rng, deterministic, masks }).actions;
  }
}

/** log n, on the mean of the rows: n counts the choices that make sense there. */
function greatestEntropy({ masks, places }: ReplayBatch, choices: number): number {
  if (masks === undefined) return Math.log(choices);
  let sum = 0;
  for (const row of places.keys()) {
    let open = 0;
    for (let i = 0; i < choices; i++) open += masks.data[row * choices + i]!;
    sum += Math.log(open);
  }
  return sum / places.length;
}
