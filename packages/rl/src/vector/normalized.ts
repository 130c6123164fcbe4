/** A vector environment with observations and rewards scaled by what all its copies saw. */

import { CheckpointError, OptionError, type Rng } from "@dl/core";
import { Box } from "../spaces/box.ts";
import { Discrete } from "../spaces/discrete.ts";
import { MultiDiscrete } from "../spaces/multi-discrete.ts";
import type { Space } from "../spaces/space.ts";
import { scaleRows } from "../wrappers/normalize.ts";
import { RunningStatistics, type StatisticsState } from "../wrappers/running-statistics.ts";
import type { VectorEnvironment, VectorState, VectorStep } from "./vector-environment.ts";

export interface NormalizedOptions {
  /** Scale observations. Default true. */
  observations?: boolean;
  /** Scale rewards by the spread of the return at this discount. Default: leave them. */
  discount?: number;
  /** Take these statistics of observations and learn no more: for evaluation. Default: learn. */
  frozen?: RunningStatistics;
  /** Default 10. */
  clip?: number;
}

/**
 * Episodes still tell the environment's own returns.
 *
 * @throws OptionError for observations that are choices, unless they are left alone.
 * @example
 * const worlds = normalized(systemCopies(acrobot(), { count: 8 }), { discount: 0.99 });
 */
export function normalized(environments: VectorEnvironment, options: NormalizedOptions = {}): NormalizedEnvironments {
  return new NormalizedEnvironments(environments, options);
}

/** See `normalized`. */
export class NormalizedEnvironments implements VectorEnvironment {
  readonly inner: VectorEnvironment;
  readonly observationSpace: Space<unknown>;
  /** Of the observations. */
  readonly statistics: RunningStatistics;
  /** Of the discounted returns. */
  readonly returns: RunningStatistics = new RunningStatistics(1);
  readonly #options: { observations: boolean; discount: number | undefined; learns: boolean; clip: number };
  readonly #running: Float64Array;

  constructor(inner: VectorEnvironment, { observations = true, discount, frozen, clip = 10 }: NormalizedOptions = {}) {
    const space = inner.observationSpace;
    if (observations && (space instanceof Discrete || space instanceof MultiDiscrete)) {
      throw new OptionError(
        `normalized: expected observations that are floats, got ${space}. Choices have no scale: leave them as they are with { observations: false }.`,
      );
    }
    this.inner = inner;
    this.statistics = frozen ?? new RunningStatistics(space.size);
    this.observationSpace = observations
      ? new Box({ shape: space instanceof Box ? space.shape : [space.size], low: -clip, high: clip })
      : space;
    this.#options = { observations, discount, learns: frozen === undefined, clip };
    this.#running = new Float64Array(inner.count);
  }

  get name(): string {
    return this.inner.name;
  }
  get count(): number {
    return this.inner.count;
  }
  get actionSpace(): VectorEnvironment["actionSpace"] {
    return this.inner.actionSpace;
  }
  get actionMasks(): VectorEnvironment["actionMasks"] {
    return this.inner.actionMasks;
  }

  reset(rng: Rng): Float32Array | Promise<Float32Array> {
    this.#running.fill(0);
    const first = this.inner.reset(rng);
    return first instanceof Promise ? first.then((rows) => this.#see(rows)) : this.#see(first);
  }

  step(actions: Float32Array): VectorStep | Promise<VectorStep> {
    const step = this.inner.step(actions);
    return step instanceof Promise ? step.then((it) => this.#scale(it)) : this.#scale(step);
  }

  save(): VectorState {
    const inner = this.inner.save?.() ?? { tensors: new Map(), json: "null" };
    const own = { observations: this.statistics.state(), returns: this.returns.state(), running: [...this.#running], inner: inner.json };
    return { tensors: inner.tensors, json: JSON.stringify(own) };
  }

  restore({ tensors, json }: VectorState): boolean {
    const own = JSON.parse(json) as { observations?: StatisticsState; returns: StatisticsState; running: number[]; inner: string };
    if (own.observations === undefined) {
      throw new CheckpointError(
        `${this.name}: restore: expected statistics of observations, got a file of environments that were not normalised.`,
      );
    }
    this.statistics.restore(own.observations);
    this.returns.restore(own.returns);
    // Another number of copies begins new episodes, if the copies agree to it.
    if (own.running.length === this.count) this.#running.set(own.running);
    else this.#running.fill(0);
    // Copies that cannot tell where they stand leave the statistics, which is what their next episodes are seen through.
    return own.inner !== "null" && this.inner.restore !== undefined && this.inner.restore({ tensors, json: own.inner });
  }

  close(): void | Promise<void> {
    return this.inner.close?.();
  }

  #see(rows: Float32Array): Float32Array {
    const { observations, learns, clip } = this.#options;
    if (!observations) return rows;
    if (learns) this.statistics.update(rows);
    return scaleRows(rows, { statistics: this.statistics, clip });
  }

  #scale(step: VectorStep): VectorStep {
    const { observations, discount, clip } = this.#options;
    const rows = this.#see(step.observations);
    const nextObservations = observations ? scaleRows(step.nextObservations, { statistics: this.statistics, clip }) : step.nextObservations;
    return {
      ...step,
      observations: rows,
      nextObservations,
      rewards: discount === undefined ? step.rewards : this.#rewards(step, discount),
    };
  }

  #rewards({ rewards, terminated, truncated }: VectorStep, discount: number): Float64Array {
    const { clip, learns } = this.#options;
    for (let i = 0; i < rewards.length; i++) this.#running[i] = this.#running[i]! * discount + rewards[i]!;
    if (learns) this.returns.update(this.#running);
    for (let i = 0; i < rewards.length; i++) if (terminated[i] || truncated[i]) this.#running[i] = 0;
    const scale = 1 / Math.sqrt(this.returns.variance[0]! + 1e-8);
    return rewards.map((reward) => Math.min(Math.max(reward * scale, -clip), clip));
  }
}
