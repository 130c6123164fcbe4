/**
 * Deep deterministic policy gradients, and the twin delayed kind. DDPG: Lillicrap et al. 2016, arXiv:1509.02971. TD3: Fujimoto et al. 2018, arXiv:1802.09477.
 *
 * TD3 is DDPG with three repairs: the smaller of two critics, noise on the target's actions, and an actor that learns more slowly than its critics.
 */

import {
  add,
  clip,
  hostTensor,
  mean,
  minimum,
  mul,
  neg,
  type Rng,
  type Scalar,
  square,
  sub,
  type Tensor,
  tanh,
  tensor,
  valueAndGrad,
} from "@dl/core";
import { Adam, Module, type Parameter } from "@dl/nn";
import { Network } from "../networks/network.ts";
import { copyWeights, moveTarget } from "../networks/target.ts";
import { requireBox, stretchRows } from "../policies/gaussian-policy.ts";
import { NStep } from "../replay/n-step.ts";
import { type ReplayBatch, ReplayBuffer } from "../replay/replay-buffer.ts";
import { type Scheduled, valueAt } from "../schedule.ts";
import type { Box } from "../spaces/box.ts";
import type { Space } from "../spaces/space.ts";
import { type ActOptions, Algorithm, type AlgorithmOptions, type ExtraState, type LogRow } from "./algorithm.ts";
import { stepAndKeep } from "./experience.ts";
import { mean as average } from "./numbers.ts";
import type { RolloutOptions } from "./rollout.ts";
import { TwinCritic } from "./sac.ts";

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

  constructor({
    observationSpace,
    actionSize,
    hidden,
    rng,
  }: { observationSpace: Space<unknown>; actionSize: number; hidden: readonly number[]; rng: Rng }) {
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
export class Td3 extends Algorithm {
  readonly name = "td3";
  readonly actor: DeterministicActor;
  readonly critic: TwinCritic;
  readonly targetActor: DeterministicActor;
  readonly targetCritic: TwinCritic;
  readonly buffer: ReplayBuffer;
  readonly networks: Readonly<Record<"actor" | "critic" | "targetActor" | "targetCritic", Module>>;
  readonly optimizers: Readonly<Record<"actor" | "critic", { optimizer: Adam; model: Module }>>;
  readonly #space: Box;
  readonly #kept: NStep;
  readonly #options: Required<
    Pick<
      Td3Options,
      | "batchSize"
      | "warmUp"
      | "trainEvery"
      | "gradientSteps"
      | "targetRate"
      | "explorationNoise"
      | "targetNoise"
      | "targetNoiseClip"
      | "actorEvery"
      | "twin"
    >
  >;
  readonly #parameters: Readonly<Record<"actor" | "critic", readonly Parameter[]>>;
  #copied = false;

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
    super(options);
    const { observationSpace, actionSpace, count } = options.environments;
    this.#space = requireBox("Td3", actionSpace, { bounded: true });
    const { size } = this.#space;
    const rng = options.rng.fork("init");
    const shape = { observationSpace, actionSize: size, hidden };
    this.actor = new DeterministicActor({ ...shape, rng: rng.fork("actor") });
    this.critic = new TwinCritic({ ...shape, rng: rng.fork("critic") });
    this.targetActor = new DeterministicActor({ ...shape, rng: rng.fork("actor") });
    this.targetCritic = new TwinCritic({ ...shape, rng: rng.fork("critic") });
    this.networks = { actor: this.actor, critic: this.critic, targetActor: this.targetActor, targetCritic: this.targetCritic };
    const adam = (model: Module) => ({
      optimizer: new Adam(model.parameters(), { learningRate: () => valueAt(learningRate, this.done) }),
      model,
    });
    this.optimizers = { actor: adam(this.actor), critic: adam(this.critic) };
    this.#parameters = { actor: this.actor.parameters(), critic: this.critic.parameters() };
    this.buffer = new ReplayBuffer({
      capacity: capacity ?? Math.min(1_000_000, this.totalSteps),
      observationSize: observationSpace.size,
      actionSize: size,
    });
    this.#kept = new NStep({ steps: 1, discount, copies: count, hand: (transition) => this.buffer.add(transition) });
    this.#options = {
      batchSize,
      warmUp,
      trainEvery,
      gradientSteps: gradientSteps ?? trainEvery * count,
      targetRate,
      explorationNoise,
      targetNoise,
      targetNoiseClip,
      actorEvery,
      twin,
    };
  }

  async iterate(onEpisodes: RolloutOptions["onEpisodes"]): Promise<LogRow> {
    const { environments } = this;
    const { trainEvery, gradientSteps, batchSize, warmUp, explorationNoise } = this.#options;
    const observations = await this.begin();
    if (!this.#copied && this.updates === 0) {
      await copyWeights(this.targetActor, this.actor);
      await copyWeights(this.targetCritic, this.critic);
    }
    this.#copied = true;
    for (let t = 0; t < trainEvery; t++) {
      const actions = this.steps < warmUp ? this.#random() : await this.#explore(observations);
      await stepAndKeep(observations, {
        environments,
        actions,
        environmentActions: stretchRows(this.#space, actions),
        keep: (acted, step) => this.#kept.add(acted, step),
        onEpisodes,
      });
      this.steps += environments.count;
    }
    const exploration = valueAt(explorationNoise, this.done);
    if (this.steps < warmUp) return { exploration: 1 };
    const logs = { q_loss: [] as number[], q_mean: [] as number[], policy_loss: [] as number[] };
    for (let i = 0; i < gradientSteps; i++) {
      const { q_loss, q_mean, policy_loss } = await this.update(this.buffer.sample(this.rngs.learn, batchSize));
      logs.q_loss.push(q_loss);
      logs.q_mean.push(q_mean);
      if (policy_loss !== undefined) logs.policy_loss.push(policy_loss);
    }
    const row = { q_loss: average(logs.q_loss), q_mean: average(logs.q_mean), exploration };
    return logs.policy_loss.length > 0 ? { ...row, policy_loss: average(logs.policy_loss) } : row;
  }

  /** One gradient step of the critics, and in turn one of the actor. */
  async update(batch: ReplayBatch): Promise<{ q_loss: number; q_mean: number; policy_loss?: number }> {
    const { actor, critic, targetActor, targetCritic } = this;
    const { targetRate, targetNoise, targetNoiseClip, actorEvery, twin } = this.#options;
    const noise = targetNoise > 0 ? this.rngs.learn.normal([batch.places.length, this.#space.size], 0, targetNoise) : undefined;
    const moves = ++this.updates % actorEvery === 0;
    return this.device.compute(() => {
      const observations = tensor(batch.observations);
      const nextObservations = tensor(batch.nextObservations);
      let nextActions = targetActor.forward(nextObservations);
      if (noise) nextActions = clip(add(nextActions, clip(tensor(noise), -targetNoiseClip, targetNoiseClip)), -1, 1);
      const [q1, q2] = targetCritic.forward(nextObservations, nextActions);
      const goal = add(tensor(batch.rewards), mul(tensor(batch.discounts), twin ? minimum(q1, q2) : q1)); // [B]
      const errors = valueAndGrad(() => {
        const [a, b] = critic.forward(observations, tensor(batch.actions));
        const loss = mean(square(sub(a, goal)));
        return { loss: (twin ? add(loss, mean(square(sub(b, goal)))) : loss) as Scalar, q: mean(a) };
      }, this.#parameters.critic);
      this.optimizers.critic.optimizer.update(errors.grads);
      const logs = { q_loss: errors.value.loss, q_mean: errors.value.q };
      if (!moves) return logs;

      const better = valueAndGrad(
        () => neg(mean(critic.forward(observations, actor.forward(observations))[0])) as Scalar,
        this.#parameters.actor,
      );
      this.optimizers.actor.optimizer.update(better.grads);
      moveTarget(targetActor, actor, { rate: targetRate });
      moveTarget(targetCritic, critic, { rate: targetRate });
      return { ...logs, policy_loss: better.value };
    }) as Promise<{ q_loss: number; q_mean: number; policy_loss?: number }>;
  }

  async act(observations: Float32Array, { rng, deterministic = true }: ActOptions): Promise<Float32Array> {
    const actions = await this.#best(observations);
    return stretchRows(this.#space, deterministic ? actions : this.#noisy(actions, rng));
  }

  async #best(observations: Float32Array): Promise<Float32Array> {
    const width = this.environments.observationSpace.size;
    const rows = hostTensor(observations, [observations.length / width, width]);
    const actions = await this.device.compute((): Tensor => this.actor.forward(tensor(rows)));
    return actions.data as Float32Array;
  }

  async #explore(observations: Float32Array): Promise<Float32Array> {
    return this.#noisy(await this.#best(observations), this.rngs.act);
  }

  #noisy(actions: Float32Array, rng: Rng): Float32Array {
    const noise = rng.normal([actions.length], 0, valueAt(this.#options.explorationNoise, this.done)).data;
    return actions.map((action, i) => Math.min(Math.max(action + noise[i]!, -1), 1));
  }

  #random(): Float32Array {
    return this.rngs.act.uniform([this.environments.count * this.#space.size], -1, 1).data as Float32Array;
  }

  protected override extraState(): ExtraState {
    return { tensors: this.buffer.save(), json: JSON.stringify({ kept: this.#kept.save() }) };
  }

  protected override restoreExtra({ tensors, json }: Required<ExtraState>): void {
    this.buffer.restore(tensors);
    this.#kept.restore((JSON.parse(json) as { kept: ReturnType<NStep["save"]> }).kept);
  }
}
