/** Thousands of copies of a system over one typed array, stepped in one loop. */

import { CheckpointError, OptionError, Rng, type RngState } from "@dl/core";
import { EnvironmentError } from "../errors.ts";
import { Discrete } from "../spaces/discrete.ts";
import type { Space } from "../spaces/space.ts";
import { checkAction, type Move, type System } from "../system.ts";
import { Book } from "./book.ts";
import type { VectorEnvironment, VectorState, VectorStep } from "./vector-environment.ts";

export interface CopiesOptions {
  /** How many. */
  count: number;
  /** Number of the first copy, for a part of a larger whole: copy i of this one draws what copy `first + i` would. Default 0. */
  first?: number;
}

/**
 * @example
 * const worlds = systemCopies(cartPole(), { count: 4096 });
 * const observations = worlds.reset(new Rng(1)); // 4096 rows of 4
 * const { rewards } = worlds.step(new Float32Array(4096)); // all push left
 */
export function systemCopies(system: System, { count, first = 0 }: CopiesOptions): SystemCopies {
  return new SystemCopies(system, { count, first });
}

/** See `systemCopies`. */
export class SystemCopies implements VectorEnvironment {
  readonly system: System;
  readonly count: number;
  /** `[N, state size]` */
  readonly states: Float64Array;
  readonly #first: number;
  readonly #book: Book;
  readonly #move: Move;
  #rngs: Rng[] = [];

  constructor(system: System, { count, first = 0 }: CopiesOptions) {
    if (!Number.isInteger(count) || count < 1) throw new OptionError(`systemCopies: expected a whole count ≥ 1, got ${count}.`);
    if (typeof system.stateSize !== "number") {
      throw new OptionError(
        `systemCopies: expected a system, got the environment ${system.name}. Make environmentCopies([environment, …]) of it.`,
      );
    }
    this.system = system;
    this.count = count;
    this.#first = first;
    this.states = new Float64Array(count * system.stateSize);
    this.#book = new Book(count, system.observationSpace);
    // The generator is replaced for every copy.
    this.#move = { actions: new Float32Array(0), actionAt: 0, rng: new Rng(0), reward: 0, terminated: false };
  }

  get name(): string {
    return this.system.name;
  }
  get observationSpace(): Space<unknown> {
    return this.system.observationSpace;
  }
  get actionSpace(): Space<unknown> {
    return this.system.actionSpace;
  }

  reset(rng: Rng): Float32Array {
    const { count } = this;
    this.#rngs = Array.from({ length: count }, (_, i) => rng.fork(`environment ${this.#first + i}`));
    this.#book.returns.fill(0);
    this.#book.lengths.fill(0);
    for (let i = 0; i < count; i++) this.#start(i);
    return this.#book.observations;
  }

  #start(i: number): void {
    const { system, states } = this;
    system.start(states, i * system.stateSize, this.#rngs[i]!);
    system.observe(states, i * system.stateSize, this.#book.observations, i * system.observationSpace.size);
    this.#book.checkStart(this.name, i);
  }

  step(actions: Float32Array): VectorStep {
    const { system, states, count } = this;
    const { stateSize, actionSpace, maxSteps = Infinity } = system;
    const { observations, nextObservations, rewards, terminated, truncated, lengths } = this.#book;
    const book = this.#book;
    const move = this.#move;
    const rngs = this.#rngs;
    const size = system.observationSpace.size;
    const actionSize = actionSpace.size;
    if (rngs.length === 0) throw new EnvironmentError(`${this.name}: step: expected reset before the first step, got none.`);
    if (actions.length !== count * actionSize) {
      throw new EnvironmentError(`${this.name}: step: expected ${count} rows of ${actionSize} actions, got ${actions.length} numbers.`);
    }
    book.open();
    move.actions = actions;
    // All are looked at before one moves: a step is done whole or not at all.
    const choices = actionSpace instanceof Discrete ? actionSpace.choices : Number.NaN;
    for (let i = 0; i < count; i++) {
      const action = actions[i]!;
      // The common case, without a call; what it does not clear is looked at again.
      if (action >= 0 && action < choices && action === Math.floor(action)) continue;
      move.actionAt = i * actionSize;
      checkAction(this.name, actionSpace, move);
    }
    for (let i = 0; i < count; i++) {
      move.actionAt = i * actionSize;
      move.rng = rngs[i]!;
      system.advance(states, i * stateSize, move);
      system.observe(states, i * stateSize, nextObservations, i * size);
      rewards[i] = move.reward;
      terminated[i] = move.terminated ? 1 : 0;
      truncated[i] = lengths[i]! + 1 >= maxSteps ? 1 : 0;
    }
    const masks = this.actionMasks?.();
    // Nobody acts where a task has ended.
    if (masks) for (let i = 0; i < count; i++) if (terminated[i]) masks.fill(0, i * choices, (i + 1) * choices);
    book.nextMasks = masks;
    observations.set(nextObservations);
    book.check(`${this.name}: step`);
    for (let i = 0; i < count; i++) if (book.close(i)) this.#start(i);
    return book;
  }

  get actionMasks(): (() => Uint8Array) | undefined {
    const { system } = this;
    const { mask, actionSpace } = system;
    if (mask === undefined || !(actionSpace instanceof Discrete)) return undefined;
    return () => {
      const masks = new Uint8Array(this.count * actionSpace.choices);
      for (let i = 0; i < this.count; i++) mask.call(system, this.states, i * system.stateSize, masks, i * actionSpace.choices);
      return masks;
    };
  }

  save(): VectorState {
    const { count, states } = this;
    const { returns, lengths, observations } = this.#book;
    const tensors = new Map([
      ["states", { shape: [count, this.system.stateSize], dtype: "float64" as const, data: states.slice() }],
      ["returns", { shape: [count], dtype: "float64" as const, data: returns.slice() }],
      ["lengths", { shape: [count], dtype: "int32" as const, data: lengths.slice() }],
      ["observations", { shape: [observations.length], dtype: "float32" as const, data: observations.slice() }],
    ]);
    return { tensors, json: JSON.stringify(this.#rngs.map((rng) => rng.state)) };
  }

  restore({ tensors, json }: VectorState): boolean {
    const parts = { states: this.states, returns: this.#book.returns, lengths: this.#book.lengths, observations: this.#book.observations };
    const rngs = JSON.parse(json) as RngState[];
    for (const [name, array] of Object.entries(parts)) {
      const found = tensors.get(name)?.data.length;
      if (found !== array.length || rngs.length !== this.count) {
        throw new CheckpointError(
          `${this.name}: restore: expected ${this.count} copies with ${array.length} ${name}, got ${found ?? "none"}.`,
        );
      }
    }
    for (const [name, array] of Object.entries(parts)) array.set(tensors.get(name)!.data);
    this.#rngs = rngs.map((state) => Rng.fromState(state));
    return true;
  }
}
