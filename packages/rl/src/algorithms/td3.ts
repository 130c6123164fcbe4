/**
 * Deep deterministic policy gradients, and the twin delayed kind. DDPG: Lillicrap et al. 2016, arXiv:1509.02971. TD3: Fujimoto et al. 2018, arXiv:1802.09477.
 *
 * TD3 is DDPG with three repairs: the smaller of two critics, noise on the target's actions, and an actor that learns more slowly than its critics.
 */

import { add, clip, mean, minimum, mul, neg, type Rng, square, sub, type Tensor, tanh, tensor, valueAndGrad } from "@dl/core";
import { type Adam, Module, type Parameter } from "@dl/nn";
import { Network } from "../networks/network.ts";
import { moveTarget } from "../networks/target.ts";
import { requireBox, stretchRows } from "../policies/gaussian-policy.ts";
import { type ReplayBatch, ReplayBuffer } from "../replay/replay-buffer.ts";
import { type Scheduled, valueAt } from "../schedule.ts";
import type { Box } from "../spaces/box.ts";
import type { ActOptions, AlgorithmOptions, LogRow } from "./algorithm.ts";
import { checkAmounts, checkCounts, checkShares } from "./check-numbers.ts";
import { OffPolicyAlgorithm } from "./off-policy.ts";
import { hostRows } from "./rollout.ts";
import { type ContinuousNetworkOptions, TwinCritic, twinError } from "./twin-critic.ts";

export interface Td3Options extends AlgorithmOptions {
  /** Widths of hidden layers, with ReLU. Default [256, 256]. */
  hidden?: readonly number[];
  /** Of actor and critics. Default 10⁻³. */
  learningRate?: Scheduled;
  /** Default 256. */
  batchSize?: number;
  /** Steps kept. Default 1,000,000, or `totalSteps` if fewer. */
  capacity?: number;
  /** Random steps before learning begins. Default 1000. */
  warmUp?: number;
  /** Steps of each copy between rounds of learning. Default 1. */
  trainEvery?: number;
  /** Gradient steps in a round. Default one for each environment step. */
  gradientSteps?: number;
  /** γ. Default 0.99. */
  discount?: number;
  /** τ. Default 0.005. */
  targetRate?: number;
  /** Standard deviation of the noise on actions, of which the whole range is 2. Default 0.1. */
  explorationNoise?: Scheduled;
  /** Of the noise on the target's actions. Default 0.2. */
  targetNoise?: number;
  /** Where that noise is cut off. Default 0.5. */
  targetNoiseClip?: number;
  /** Critic steps for each of the actor's. Default 2. */
  actorEvery?: number;
  /** Take the smaller of two critics. Default true; DDPG has one, and its noise and delay are off too: see `ddpg`. */
  twin?: boolean;
}

/** What makes DDPG of it: one critic, no noise on targets, an actor as fast as its critic. */
export const ddpg: Pick<Td3Options, "twin" | "targetNoise" | "actorEvery"> = { twin: false, targetNoise: 0, actorEvery: 1 };

/** Actions within ±1. */
export class DeterministicActor extends Module {
  readonly network: Network;

  constructor({ observationSpace, actionSize, hidden, rng }: ContinuousNetworkOptions) {
    super();
    this.network = new Network({ observationSpace, hidden, outputs: actionSize, activation: "relu", start: "uniform", rng });
  }

  forward(observations: Tensor): Tensor {
    return tanh(this.network.forward(observations));
  }
}

/**
 * @example
 * using agent = new Td3({ ...td3Pendulum, environments: systemCopies(pendulum(), { count: 1 }), device, rng });
 */
export class Td3 extends OffPolicyAlgorithm {
  readonly name = "td3";
  readonly actor: DeterministicActor;
  readonly critic: TwinCritic;
  readonly targetActor: DeterministicActor;
  readonly targetCritic: TwinCritic;
  readonly buffer: ReplayBuffer;
  readonly networks: Readonly<Record<"actor" | "critic" | "targetActor" | "targetCritic", Module>>;
  readonly optimizers: Readonly<Record<"actor" | "critic", { optimizer: Adam; model: Module }>>;
  protected readonly targets: readonly (readonly [Module, Module])[];
  readonly #space: Box;
  readonly #options: Required<
    Pick<Td3Options, "batchSize" | "targetRate" | "explorationNoise" | "targetNoise" | "targetNoiseClip" | "actorEvery" | "twin">
  >;
  readonly #parameters: Readonly<Record<"actor" | "critic", readonly Parameter[]>>;

  constructor({
    hidden = [256, 256],
    learningRate = 1e-3,
    batchSize = 256,
    capacity,
    warmUp = 1000,
    trainEvery = 1,
    gradientSteps,
    discount = 0.99,
    targetRate = 0.005,
    explorationNoise = 0.1,
    targetNoise = 0.2,
    targetNoiseClip = 0.5,
    actorEvery = 2,
    twin = true,
    ...options
  }: Td3Options) {
    const { observationSpace, actionSpace, count } = options.environments;
    super(options, { learningRate, warmUp, trainEvery, gradientSteps: gradientSteps ?? trainEvery * count, discount });
    checkCounts("Td3", { batchSize, actorEvery });
    checkShares("Td3", { targetRate });
    checkAmounts("Td3", { explorationNoise, targetNoise, targetNoiseClip });
    this.#space = requireBox("Td3", actionSpace, { bounded: true });
    const { size } = this.#space;
    const rng = options.rng.fork("init");
    const shape = { observationSpace, actionSize: size, hidden };
    this.actor = new DeterministicActor({ ...shape, rng: rng.fork("actor") });
    this.critic = new TwinCritic({ ...shape, rng: rng.fork("critic") });
    this.targetActor = new DeterministicActor({ ...shape, rng: rng.fork("actor") });
    this.targetCritic = new TwinCritic({ ...shape, rng: rng.fork("critic") });
    this.networks = { actor: this.actor, critic: this.critic, targetActor: this.targetActor, targetCritic: this.targetCritic };
    this.targets = [
      [this.targetActor, this.actor],
      [this.targetCritic, this.critic],
    ];
    this.optimizers = { actor: this.adam(this.actor), critic: this.adam(this.critic) };
    this.#parameters = { actor: this.actor.parameters(), critic: this.critic.parameters() };
    this.buffer = new ReplayBuffer({
      capacity: capacity ?? Math.min(1_000_000, this.totalSteps),
      observationSize: observationSpace.size,
      actionSize: size,
    });
    this.#options = { batchSize, targetRate, explorationNoise, targetNoise, targetNoiseClip, actorEvery, twin };
  }

  protected async explore(observations: Float32Array): Promise<Float32Array> {
    const { act } = this.rngs;
    if (!this.warmingUp) return this.#noisy(await this.#best(observations), act);
    return act.uniform([this.environments.count * this.#space.size], -1, 1).data as Float32Array;
  }

  protected toEnvironment(actions: Float32Array): Float32Array {
    return stretchRows(this.#space, actions);
  }

  protected sample(): ReplayBatch {
    return this.buffer.sample(this.rngs.learn, this.#options.batchSize);
  }

  /** One gradient step of the critics, and in turn one of the actor. */
  async update(batch: ReplayBatch): Promise<LogRow> {
    const { actor, critic, targetActor, targetCritic } = this;
    const { targetRate, explorationNoise, targetNoise, targetNoiseClip, actorEvery, twin } = this.#options;
    const noise = targetNoise > 0 ? this.rngs.learn.normal([batch.places.length, this.#space.size], 0, targetNoise) : undefined;
    const moves = ++this.updates % actorEvery === 0;
    const exploration = valueAt(explorationNoise, this.done);
    return this.device.compute(() => {
      const observations = tensor(batch.observations);
      const nextObservations = tensor(batch.nextObservations);
      let nextActions = targetActor.forward(nextObservations);
      if (noise) nextActions = disturbed(nextActions, tensor(noise), { limit: targetNoiseClip });
      const [q1, q2] = targetCritic.forward(nextObservations, nextActions);
      const goal = add(tensor(batch.rewards), mul(tensor(batch.discounts), twin ? minimum(q1, q2) : q1)); // [B]
      const errors = valueAndGrad(() => {
        const both = critic.forward(observations, tensor(batch.actions));
        const loss = twin ? twinError(both, goal) : mean(square(sub(both[0], goal)));
        return { loss, q: mean(both[0]) };
      }, this.#parameters.critic);
      this.optimizers.critic.optimizer.update(errors.grads);
      const logs = { q_loss: errors.value.loss, q_mean: errors.value.q, exploration };
      if (!moves) return logs;

      const better = valueAndGrad(() => neg(mean(critic.forward(observations, actor.forward(observations))[0])), this.#parameters.actor);
      this.optimizers.actor.optimizer.update(better.grads);
      moveTarget(targetActor, actor, { rate: targetRate });
      moveTarget(targetCritic, critic, { rate: targetRate });
      return { ...logs, policy_loss: better.value };
    }) as Promise<LogRow>;
  }

  async act(observations: Float32Array, { rng, deterministic = true }: ActOptions): Promise<Float32Array> {
    const actions = await this.#best(observations);
    return this.toEnvironment(deterministic ? actions : this.#noisy(actions, rng));
  }

  async #best(observations: Float32Array): Promise<Float32Array> {
    const rows = hostRows(observations, { width: this.environments.observationSpace.size });
    const actions = await this.device.compute((): Tensor => this.actor.forward(tensor(rows)));
    return actions.data as Float32Array;
  }

  #noisy(actions: Float32Array, rng: Rng): Float32Array {
    const noise = rng.normal([actions.length], 0, valueAt(this.#options.explorationNoise, this.done)).data;
    return actions.map((action, i) => Math.min(Math.max(action + noise[i]!, -1), 1));
  }
}

/** Actions with noise cut off at ±`limit`, within ±1: similar actions should be worth similar values. TD3, section 5.3. */
export function disturbed(actions: Tensor, noise: Tensor, { limit }: { limit: number }): Tensor {
  return clip(add(actions, clip(noise, -limit, limit)), -1, 1);
}
