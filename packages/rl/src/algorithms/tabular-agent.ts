/** Q-learning in a table as an agent like the others: in many copies, with masks, saved and watched. Watkins and Dayan 1992. */

import { CheckpointError, OptionError } from "@dl/core";
import { valueAt } from "../schedule.ts";
import { Discrete } from "../spaces/discrete.ts";
import { MultiDiscrete } from "../spaces/multi-discrete.ts";
import type { Space } from "../spaces/space.ts";
import { type ActOptions, Algorithm, type AlgorithmOptions, type ExtraState, type LogRow } from "./algorithm.ts";
import { checkCounts, checkShares } from "./check-numbers.ts";
import { mean } from "./numbers.ts";
import { nextMasksOf } from "./off-policy.ts";
import type { RolloutOptions } from "./rollout.ts";
import { QTable, type TabularQOptions } from "./tabular-q.ts";

export interface TabularQAgentOptions extends AlgorithmOptions, Omit<TabularQOptions, "rng" | "steps"> {
  /** Steps of each copy in a round, which is what a row of the log tells of. Default 256. */
  roundSteps?: number;
}

/**
 * Learns a value for each state and action; `learnQTable` does the same in a plain loop, without files.
 *
 * @example
 * using agent = new TabularQ({ environments: systemCopies(frozenLake(), { count: 1 }), device, rng });
 */
export class TabularQ extends Algorithm {
  readonly name = "tabular-q";
  readonly networks: Readonly<Record<never, never>> = {};
  readonly optimizers: Readonly<Record<never, never>> = {};
  readonly table: QTable;
  readonly #sizes: readonly number[];
  readonly #options: Required<Pick<TabularQAgentOptions, "learningRate" | "discount" | "exploration" | "roundSteps">>;

  constructor({
    learningRate = 0.1,
    discount = 0.99,
    exploration = (done) => 1 - 0.95 * done,
    roundSteps = 256,
    ...options
  }: TabularQAgentOptions) {
    super(options);
    checkCounts("TabularQ", { roundSteps });
    checkShares("TabularQ", { learningRate, discount, exploration });
    const { observationSpace, actionSpace } = options.environments;
    if (!(actionSpace instanceof Discrete)) throw new OptionError(`TabularQ: expected one discrete action, got ${actionSpace}. Use Dqn.`);
    this.#sizes = sizesOf(observationSpace);
    this.table = new QTable(
      this.#sizes.reduce((product, n) => product * n, 1),
      actionSpace.choices,
    );
    this.#options = { learningRate, discount, exploration, roundSteps };
  }

  async iterate(onEpisodes: RolloutOptions["onEpisodes"]): Promise<LogRow> {
    const { environments, table } = this;
    const { learningRate, discount, exploration, roundSteps } = this.#options;
    const { count } = environments;
    const observations = await this.begin();
    const errors: number[] = [];
    for (let t = 0; t < roundSteps; t++) {
      const masks = environments.actionMasks?.();
      const states = this.#statesOf(observations);
      const actions = this.#choose(states, { rng: this.rngs.act, masks, share: valueAt(exploration, this.done) });
      const stepped = environments.step(actions);
      const step = stepped instanceof Promise ? await stepped : stepped;
      const nextMasks = masks && nextMasksOf(environments, step);
      const rate = valueAt(learningRate, this.done);
      for (const [n, next] of this.#statesOf(step.nextObservations).entries()) {
        const goal = step.rewards[n]! + (step.terminated[n] ? 0 : discount * table.value(next, this.#row(nextMasks, n)));
        errors.push(table.learn(states[n]!, actions[n]!, { goal, rate }));
      }
      observations.set(step.observations);
      if (step.episodes.length > 0) onEpisodes(step.episodes);
      this.steps += count;
      this.updates += count;
    }
    return {
      q_loss: mean(errors, (error) => error * error),
      exploration: valueAt(exploration, this.done),
      learning_rate: valueAt(learningRate, this.done),
    };
  }

  async act(observations: Float32Array, { rng, deterministic = true, masks }: ActOptions): Promise<Float32Array> {
    const share = deterministic ? 0 : valueAt(this.#options.exploration, this.done);
    return this.#choose(this.#statesOf(observations), { rng, masks, share });
  }

  /** The best action of each state, and a random one for a share of them. */
  #choose(states: Int32Array, { rng, masks, share }: Pick<ActOptions, "rng" | "masks"> & { share: number }): Float32Array {
    return Float32Array.from(states, (state, n) => {
      const mask = this.#row(masks, n);
      if (share === 0 || rng.float() >= share) return this.table.best(state, mask);
      return mask ? rng.categorical([1], mask).data[0]! : rng.integer(0, this.table.actions);
    });
  }

  #row(masks: Uint8Array | undefined, n: number): Uint8Array | undefined {
    return masks?.subarray(n * this.table.actions, (n + 1) * this.table.actions);
  }

  /** One number a row: the digits of an observation, counted on. */
  #statesOf(observations: Float32Array): Int32Array {
    const sizes = this.#sizes;
    return Int32Array.from({ length: observations.length / sizes.length }, (_, n) =>
      sizes.reduce((state, size, i) => state * size + observations[n * sizes.length + i]!, 0),
    );
  }

  protected override extraState(): ExtraState {
    return { tensors: new Map([["values", { shape: [this.table.values.length], dtype: "float64", data: this.table.values.slice() }]]) };
  }

  protected override restoreExtra({ tensors }: Required<ExtraState>): void {
    const values = tensors.get("values");
    if (values?.data.length !== this.table.values.length) {
      throw new CheckpointError(`TabularQ: expected ${this.table.values.length} values, got ${values?.data.length ?? "none"}.`);
    }
    this.table.values.set(values.data);
  }
}

/** How many values each number of an observation has. */
function sizesOf(space: Space<unknown>): readonly number[] {
  if (space instanceof Discrete) return [space.choices];
  if (space instanceof MultiDiscrete) return space.choices;
  throw new OptionError(`TabularQ: expected observations that are choices, got ${space}. Use Dqn.`);
}
