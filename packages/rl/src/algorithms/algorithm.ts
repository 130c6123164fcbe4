/** What all algorithms share: environments, a device, a count of steps, acting, and files. */

import { CheckpointError, type Device, type HostTensor, OptionError, Rng, type RngState } from "@dl/core";
import { type Module, readCheckpoint, type Stateful, writeCheckpoint } from "@dl/nn";
import type { Episode, VectorEnvironment } from "../vector/vector-environment.ts";

/** What every algorithm is given. */
export interface AlgorithmOptions {
  environments: VectorEnvironment;
  device: Device;
  rng: Rng;
  /** Environment steps the training is planned for: what schedules stretch over. Default 100,000. */
  totalSteps?: number;
}

/** Numbers of one round of training, by names that `logMeanings` explains. */
export type LogRow = Readonly<Record<string, number>>;

export interface ActOptions {
  rng: Rng;
  /** The best action instead of an exploring one. Default true. */
  deterministic?: boolean;
  masks?: Uint8Array | undefined;
  /** `[N]`, 1 where an episode begins with this observation: agents that remember forget there. Default none. */
  starts?: Uint8Array | undefined;
}

/** State beyond networks and optimizers. */
export interface ExtraState {
  readonly tensors?: ReadonlyMap<string, HostTensor>;
  /** JSON. */
  readonly json?: string;
}

/** An agent and the rules it learns by. Use a subclass, such as `Ppo`, with `learn`. */
export abstract class Algorithm implements Disposable {
  readonly environments: VectorEnvironment;
  readonly device: Device;
  readonly totalSteps: number;
  /** Streams by purpose. */
  protected readonly rngs: { readonly environments: Rng; act: Rng; learn: Rng };
  /** What to act on next; null before the first step. */
  protected observations: Float32Array | null = null;
  /** Environment steps so far, of all copies. */
  steps = 0;
  /** Gradient steps so far. */
  updates = 0;

  abstract readonly name: string;
  /** Everything that is saved, by name. */
  abstract readonly networks: Readonly<Record<string, Module>>;
  /** Each with the network it moves. */
  abstract readonly optimizers: Readonly<Record<string, { readonly optimizer: Stateful & Disposable; readonly model: Module }>>;

  constructor({ environments, device, rng, totalSteps = 100_000 }: AlgorithmOptions) {
    if (!Number.isInteger(totalSteps) || totalSteps < 1) {
      throw new OptionError(`totalSteps: expected a whole number ≥ 1, got ${totalSteps}.`);
    }
    if (typeof environments.count !== "number") {
      throw new OptionError(
        `environments: expected a vector environment, got ${environments.name}, one world. Make copies: systemCopies(system, { count: 8 }) or environmentCopies([environment, …]).`,
      );
    }
    this.environments = environments;
    this.device = device;
    this.totalSteps = totalSteps;
    this.rngs = { environments: rng.fork("environments"), act: rng.fork("act"), learn: rng.fork("learn") };
  }

  /** One round: acts for a while, learns from it, and tells how it went. `onEpisodes` hears of episodes as they end. */
  abstract iterate(onEpisodes: (episodes: readonly Episode[]) => void): Promise<LogRow>;

  /** Rows of actions the environment takes, for `[N, observation size]`. */
  abstract act(observations: Float32Array, options: ActOptions): Promise<Float32Array>;

  /** Share of the planned training that is done. */
  get done(): number {
    return Math.min(this.steps / this.totalSteps, 1);
  }

  /** What to act on, after starting the environments if need be. */
  protected async begin(): Promise<Float32Array> {
    const { environments: rng } = this.rngs;
    if (this.observations === null) {
      this.forgetEpisodes();
      // Resumed without the environments' state: other episodes than those at the start.
      this.observations = Float32Array.from(await this.environments.reset(this.steps === 0 ? rng : rng.fork(`step ${this.steps}`)));
    }
    return this.observations;
  }

  /** Drops what belongs to episodes under way: called before every copy starts a new one. */
  protected forgetEpisodes(): void {}

  protected extraState(): ExtraState {
    return {};
  }

  protected restoreExtra(_state: Required<ExtraState>): void {}

  /** Everything needed to go on: networks, optimizers, streams, buffers, and the environments where they can tell their state. */
  async save(): Promise<Uint8Array> {
    const { tensors = new Map(), json = "null" } = this.extraState();
    const worlds = this.observations ? this.environments.save?.() : undefined;
    const all = new Map([...tensors].map(([name, tensor]) => [`algorithm.${name}`, tensor]));
    for (const [name, tensor] of worlds?.tensors ?? []) all.set(`environments.${name}`, tensor);
    if (worlds && this.observations) {
      all.set("observations", { shape: [this.observations.length], dtype: "float32", data: this.observations.slice() });
    }
    return writeCheckpoint(
      { models: this.networks, optimizers: this.optimizers },
      {
        step: this.steps,
        rngs: { act: this.rngs.act.state, learn: this.rngs.learn.state },
        extra: { algorithm: this.name, updates: this.updates, json, environments: worlds?.json ?? null },
        tensors: all,
      },
    );
  }

  /**
   * Goes on from where `save` was called. Environments that could not tell their state start new episodes.
   *
   * @throws CheckpointError when the file is damaged, or of another algorithm or network.
   */
  restore(bytes: Uint8Array, { file = "checkpoint" }: { file?: string } = {}): void {
    const { step, rngs, extra, tensors } = readCheckpoint(bytes, { models: this.networks, optimizers: this.optimizers }, { file });
    if (extra.algorithm !== this.name) {
      throw new CheckpointError(`${file}: expected a checkpoint of ${this.name}, got one of ${String(extra.algorithm)}.`);
    }
    this.steps = step;
    this.updates = extra.updates as number;
    this.rngs.act = Rng.fromState(rngs.act as RngState);
    this.rngs.learn = Rng.fromState(rngs.learn as RngState);
    const under = (prefix: string): Map<string, HostTensor> =>
      new Map([...tensors].filter(([name]) => name.startsWith(prefix)).map(([name, tensor]) => [name.slice(prefix.length), tensor]));
    this.restoreExtra({ tensors: under("algorithm."), json: extra.json as string });
    const observations = tensors.get("observations");
    if (observations && typeof extra.environments === "string" && this.environments.restore) {
      const stands = this.environments.restore({ tensors: under("environments."), json: extra.environments });
      this.observations = stands ? Float32Array.from(observations.data) : null;
    } else this.observations = null;
  }

  [Symbol.dispose](): void {
    for (const { optimizer } of Object.values(this.optimizers)) optimizer[Symbol.dispose]();
    for (const network of Object.values(this.networks)) network[Symbol.dispose]();
  }
}
