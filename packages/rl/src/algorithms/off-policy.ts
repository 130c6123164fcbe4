/** What algorithms that learn from a replay buffer share: acting and keeping steps, rounds of learning, target networks, and their files. */

import type { HostTensor } from "@dl/core";
import { Adam, type Module } from "@dl/nn";
import { copyWeights } from "../networks/target.ts";
import { NStep } from "../replay/n-step.ts";
import type { ReplayBatch, Transition } from "../replay/replay-buffer.ts";
import { type Scheduled, valueAt } from "../schedule.ts";
import type { VectorEnvironment, VectorStep } from "../vector/vector-environment.ts";
import { Algorithm, type AlgorithmOptions, type ExtraState, type LogRow } from "./algorithm.ts";
import { checkAmounts, checkCounts, checkShares } from "./check-numbers.ts";
import { mean } from "./numbers.ts";
import type { RolloutOptions } from "./rollout.ts";

/** How the shared part is to work. */
export interface OffPolicyPlan {
  /** Of every network. */
  readonly learningRate: Scheduled;
  /** Steps before learning begins. */
  readonly warmUp: number;
  /** Steps of each copy between rounds of learning. */
  readonly trainEvery: number;
  /** Gradient steps in a round. */
  readonly gradientSteps: number;
  /** γ. */
  readonly discount: number;
  /** n: steps in a transition. Default 1. */
  readonly horizon?: number;
}

/** Keeps transitions: a `ReplayBuffer`, or one with priorities. */
interface Memory {
  readonly length: number;
  add(transition: Transition): unknown;
  save(): Map<string, HostTensor>;
  restore(tensors: ReadonlyMap<string, HostTensor>): void;
}

/** Use a subclass, such as `Sac`. */
export abstract class OffPolicyAlgorithm extends Algorithm {
  abstract readonly buffer: Memory;
  /** Each network that follows another, and that other: equal at the start. */
  protected abstract readonly targets: readonly (readonly [target: Module, source: Module])[];
  readonly #kept: NStep;
  readonly #plan: OffPolicyPlan;
  #started = false;

  protected constructor(options: AlgorithmOptions, plan: OffPolicyPlan) {
    super(options);
    const { discount, horizon = 1, learningRate, warmUp, trainEvery, gradientSteps } = plan;
    const { name } = new.target;
    checkCounts(name, { trainEvery, gradientSteps, horizon });
    checkShares(name, { discount });
    checkAmounts(name, { learningRate, warmUp });
    this.#kept = new NStep({
      steps: horizon,
      discount,
      copies: options.environments.count,
      hand: (transition) => this.buffer.add(transition),
    });
    this.#plan = plan;
  }

  /** What to do while training, `[N, action size]`, as the buffer keeps it; `masks` where the environment has them. */
  protected abstract explore(observations: Float32Array, masks: Uint8Array | undefined): Promise<Float32Array>;

  /** The same as the environment takes it. */
  protected abstract toEnvironment(actions: Float32Array): Float32Array;

  /** A batch to learn from. */
  protected abstract sample(): ReplayBatch;

  /** One gradient step of every network whose turn it is. */
  abstract update(batch: ReplayBatch): Promise<LogRow>;

  async iterate(onEpisodes: RolloutOptions["onEpisodes"]): Promise<LogRow> {
    const { environments } = this;
    const { trainEvery, gradientSteps } = this.#plan;
    const observations = await this.begin();
    if (!this.#started && this.updates === 0) for (const [target, source] of this.targets) await copyWeights(target, source);
    this.#started = true;
    for (let t = 0; t < trainEvery; t++) {
      const masks = environments.actionMasks?.();
      const actions = await this.explore(observations, masks);
      const stepped = environments.step(this.toEnvironment(actions));
      const step = stepped instanceof Promise ? await stepped : stepped;
      this.#kept.add({ observations, actions, masks }, masks ? { ...step, nextMasks: nextMasksOf(environments, step) } : step);
      observations.set(step.observations);
      if (step.episodes.length > 0) onEpisodes(step.episodes);
      this.steps += environments.count;
    }
    if (this.warmingUp || this.buffer.length === 0) return {};
    const logs = new Map<string, number[]>();
    for (let i = 0; i < gradientSteps; i++) {
      for (const [name, value] of Object.entries(await this.update(this.sample()))) {
        const values = logs.get(name);
        if (values) values.push(value);
        else logs.set(name, [value]);
      }
    }
    return Object.fromEntries([...logs].map(([name, values]) => [name, mean(values)]));
  }

  /** Whether steps are still collected before learning begins. */
  protected get warmingUp(): boolean {
    return this.steps < this.#plan.warmUp;
  }

  /** Adam for a network, with the plan's learning rate. */
  protected adam<M extends Module>(model: M): { optimizer: Adam; model: M } {
    return { optimizer: new Adam(model.parameters(), { learningRate: () => valueAt(this.#plan.learningRate, this.done) }), model };
  }

  protected override forgetEpisodes(): void {
    this.#kept.clear();
  }

  protected override extraState(): ExtraState {
    return { tensors: this.buffer.save(), json: JSON.stringify({ kept: this.#kept.save() }) };
  }

  protected override restoreExtra({ tensors, json }: Required<ExtraState>): void {
    this.buffer.restore(tensors);
    this.#kept.restore((JSON.parse(json) as { kept: ReturnType<NStep["save"]> }).kept);
  }
}

/** @internal What makes sense after the step. Of a truncated episode some environments cannot tell: everything is left open there. */
export function nextMasksOf(environments: VectorEnvironment, { nextMasks, terminated, truncated }: VectorStep): Uint8Array | undefined {
  const masks = nextMasks ?? environments.actionMasks?.().slice();
  if (masks === undefined || nextMasks !== undefined) return masks;
  const choices = masks.length / environments.count;
  for (let n = 0; n < environments.count; n++) if (terminated[n] || truncated[n]) masks.fill(1, n * choices, (n + 1) * choices);
  return masks;
}
