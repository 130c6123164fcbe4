/**
 * Soft actor-critic. Haarnoja et al. 2018, arXiv:1801.01290; with the temperature learned, arXiv:1812.05905.
 *
 * The details that matter: the smaller of two critics, actions sent through tanh with the density corrected, one temperature aimed at an entropy
 * of −(number of action coordinates), and target critics that follow at τ.
 */

import {
  add,
  clip,
  exp,
  hostTensor,
  mean,
  minimum,
  mul,
  neg,
  reshape,
  stopGradient,
  sub,
  type Tensor,
  tensor,
  valueAndGrad,
} from "@dl/core";
import { type Adam, Module, Parameter } from "@dl/nn";
import { SquashedGaussian } from "../distributions/squashed-gaussian.ts";
import { Network } from "../networks/network.ts";
import { moveTarget } from "../networks/target.ts";
import { requireBox, stretchRows } from "../policies/gaussian-policy.ts";
import { type ReplayBatch, ReplayBuffer } from "../replay/replay-buffer.ts";
import type { Scheduled } from "../schedule.ts";
import type { Box } from "../spaces/box.ts";
import type { ActOptions, AlgorithmOptions } from "./algorithm.ts";
import { checkAmounts, checkCounts, checkShares } from "./check-numbers.ts";
import { OffPolicyAlgorithm } from "./off-policy.ts";
import { hostRows } from "./rollout.ts";
import { type ContinuousNetworkOptions, TwinCritic, twinError } from "./twin-critic.ts";

export interface SacOptions extends AlgorithmOptions {
  /** Widths of hidden layers, with ReLU. Default [256, 256]. */
  hidden?: readonly number[];
  /** Of actor, critics and temperature. Default 3 · 10⁻⁴. */
  learningRate?: Scheduled;
  /** Rows in a gradient step. Default 256. */
  batchSize?: number;
  /** Steps kept. Default 1,000,000, or `totalSteps` if fewer. */
  capacity?: number;
  /** Random steps before learning begins. Default 100. */
  warmUp?: number;
  /** Steps of each copy between rounds of learning. Default 1. */
  trainEvery?: number;
  /** Gradient steps in a round of learning. Default one for each environment step. */
  gradientSteps?: number;
  /** γ. Default 0.99. */
  discount?: number;
  /** τ. Default 0.005. */
  targetRate?: number;
  /** `auto` learns it, a number fixes it. Default `auto`. */
  temperature?: "auto" | number;
  /** What the entropy is steered to, in nats. Default −(action coordinates). */
  targetEntropy?: number;
}

/** Means and logarithms of deviations, before tanh. */
export class SquashedActor extends Module {
  readonly network: Network;
  readonly #size: number;

  constructor({ observationSpace, actionSize, hidden, rng }: ContinuousNetworkOptions) {
    super();
    this.#size = actionSize;
    this.network = new Network({ observationSpace, hidden, outputs: 2 * actionSize, activation: "relu", start: "uniform", rng });
  }

  forward(observations: Tensor): SquashedGaussian {
    const rows = observations.shape[0]!;
    const outputs = this.network.forward(observations); // [B, 2A]
    const logStd = outputs.slice([0, this.#size], [rows, this.#size]);
    // From e⁻²⁰ to e²: outside, densities overflow.
    return new SquashedGaussian(outputs.slice([0, 0], [rows, this.#size]), clip(logStd, -20, 2));
  }
}

/** The logarithm of the temperature, as a network to save. */
export class Temperature extends Module {
  readonly log: Parameter;

  constructor(start: number) {
    super();
    this.log = new Parameter(hostTensor(Float32Array.of(Math.log(start)), [1]));
  }

  forward(): Tensor {
    return exp(this.log.value);
  }
}

/**
 * @example
 * using agent = new Sac({ ...sacPendulum, environments: systemCopies(pendulum(), { count: 1 }), device, rng });
 */
export class Sac extends OffPolicyAlgorithm {
  readonly name = "sac";
  readonly actor: SquashedActor;
  readonly critic: TwinCritic;
  readonly target: TwinCritic;
  readonly temperature: Temperature;
  readonly buffer: ReplayBuffer;
  readonly networks: Readonly<Record<"actor" | "critic" | "target" | "temperature", Module>>;
  readonly optimizers: Readonly<Record<"actor" | "critic" | "temperature", { optimizer: Adam; model: Module }>>;
  protected readonly targets: readonly (readonly [Module, Module])[];
  readonly #space: Box;
  readonly #options: {
    readonly batchSize: number;
    readonly targetRate: number;
    readonly learnsTemperature: boolean;
    readonly targetEntropy: number;
  };
  readonly #parameters: Readonly<Record<"actor" | "critic", readonly Parameter[]>>;

  constructor({
    hidden = [256, 256],
    learningRate = 3e-4,
    batchSize = 256,
    capacity,
    warmUp = 100,
    trainEvery = 1,
    gradientSteps,
    discount = 0.99,
    targetRate = 0.005,
    temperature = "auto",
    targetEntropy,
    ...options
  }: SacOptions) {
    const { observationSpace, actionSpace, count } = options.environments;
    super(options, { learningRate, warmUp, trainEvery, gradientSteps: gradientSteps ?? trainEvery * count, discount });
    checkCounts("Sac", { batchSize });
    checkShares("Sac", { targetRate });
    checkAmounts("Sac", { temperature: temperature === "auto" ? undefined : temperature });
    this.#space = requireBox("Sac", actionSpace, { bounded: true });
    const { size } = this.#space;
    const rng = options.rng.fork("init");
    const shape = { observationSpace, actionSize: size, hidden };
    this.actor = new SquashedActor({ ...shape, rng: rng.fork("actor") });
    this.critic = new TwinCritic({ ...shape, rng: rng.fork("critic") });
    this.target = new TwinCritic({ ...shape, rng: rng.fork("critic") });
    this.temperature = new Temperature(temperature === "auto" ? 1 : temperature);
    this.networks = { actor: this.actor, critic: this.critic, target: this.target, temperature: this.temperature };
    this.targets = [[this.target, this.critic]];
    this.optimizers = { actor: this.adam(this.actor), critic: this.adam(this.critic), temperature: this.adam(this.temperature) };
    this.#parameters = { actor: this.actor.parameters(), critic: this.critic.parameters() };
    this.buffer = new ReplayBuffer({
      capacity: capacity ?? Math.min(1_000_000, this.totalSteps),
      observationSize: observationSpace.size,
      actionSize: size,
    });
    this.#options = {
      batchSize,
      targetRate,
      learnsTemperature: temperature === "auto",
      targetEntropy: targetEntropy ?? -size,
    };
  }

  protected async explore(observations: Float32Array): Promise<Float32Array> {
    const { act } = this.rngs;
    if (!this.warmingUp) return this.#choose(observations, { deterministic: false, rng: act });
    return act.uniform([this.environments.count * this.#space.size], -1, 1).data as Float32Array;
  }

  protected toEnvironment(actions: Float32Array): Float32Array {
    return stretchRows(this.#space, actions);
  }

  protected sample(): ReplayBatch {
    return this.buffer.sample(this.rngs.learn, this.#options.batchSize);
  }

  /** One gradient step of critics, actor and temperature. */
  async update(batch: ReplayBatch): Promise<Record<"q_loss" | "q_mean" | "policy_loss" | "entropy" | "temperature", number>> {
    const { actor, critic, target, temperature } = this;
    const { targetRate, learnsTemperature, targetEntropy } = this.#options;
    const size = this.#space.size;
    const rows = batch.places.length;
    const noise = this.rngs.learn.normal([rows, size]);
    const nextNoise = this.rngs.learn.normal([rows, size]);
    this.updates++;
    return this.device.compute(() => {
      const observations = tensor(batch.observations);
      const actions = tensor(batch.actions);
      const alpha = temperature.forward(); // [1]

      const nextObservations = tensor(batch.nextObservations);
      const next = actor.forward(nextObservations).sample(tensor(nextNoise));
      const [q1, q2] = target.forward(nextObservations, next.actions);
      const soft = sub(minimum(q1, q2), mul(alpha, next.logProbs));
      const goal = add(tensor(batch.rewards), mul(tensor(batch.discounts), soft)); // [B]
      const errors = valueAndGrad(() => {
        const both = critic.forward(observations, actions);
        return { loss: mul(twinError(both, goal), 0.5), q: mean(both[0]) };
      }, this.#parameters.critic);
      this.optimizers.critic.optimizer.update(errors.grads);

      const better = valueAndGrad(() => {
        const { actions, logProbs } = actor.forward(observations).sample(tensor(noise));
        const [a, b] = critic.forward(observations, actions);
        const loss = mean(sub(mul(alpha, logProbs), minimum(a, b)));
        return { loss, logProb: stopGradient(mean(logProbs)) };
      }, this.#parameters.actor);
      this.optimizers.actor.optimizer.update(better.grads);

      if (learnsTemperature) {
        // The gradient of −log α · (log π + target), by log α: no graph is needed.
        const gradient = reshape(neg(add(better.value.logProb, targetEntropy)), [1]);
        this.optimizers.temperature.optimizer.update(new Map([[temperature.log, gradient]]));
      }
      moveTarget(target, critic, { rate: targetRate });
      return {
        q_loss: errors.value.loss,
        q_mean: errors.value.q,
        policy_loss: better.value.loss,
        entropy: neg(better.value.logProb),
        temperature: reshape(alpha, []),
      };
    });
  }

  async act(observations: Float32Array, options: ActOptions): Promise<Float32Array> {
    return this.toEnvironment(await this.#choose(observations, options));
  }

  /** Actions within ±1. */
  async #choose(observations: Float32Array, { rng, deterministic = true }: ActOptions): Promise<Float32Array> {
    const rows = hostRows(observations, { width: this.environments.observationSpace.size });
    const noise = deterministic ? undefined : rng.normal([rows.shape[0]!, this.#space.size]);
    const actions = await this.device.compute((): Tensor => {
      const distribution = this.actor.forward(tensor(rows));
      return noise ? distribution.sample(tensor(noise)).actions : distribution.mode();
    });
    return actions.data as Float32Array;
  }
}
