/** Environments whose whole state is a row of numbers, and one copy of such a system as an environment. */

import { OptionError, Rng } from "@dl/core";
import type { Drawing } from "./drawing/drawing.ts";
import type { Environment, Info, Reset, Step } from "./environment.ts";
import { EnvironmentError } from "./errors.ts";
import { Box } from "./spaces/box.ts";
import { Discrete } from "./spaces/discrete.ts";
import type { MultiDiscrete } from "./spaces/multi-discrete.ts";
import type { Space } from "./spaces/space.ts";

/** What a step came to; the caller's, filled in by the system. */
export interface Outcome {
  reward: number;
  terminated: boolean;
}

/**
 * The rules of an environment, apart from its state: the state of one copy is `stateSize` float64 numbers from place `at` of an array
 * that thousands of copies share.
 */
export interface System<Observation = unknown, Action = unknown> {
  readonly name: string;
  readonly observationSpace: Space<Observation>;
  readonly actionSpace: Space<Action>;
  readonly rewardRange: readonly [number, number];
  /** Numbers in a state. */
  readonly stateSize: number;
  /** Steps after which an episode is truncated. Default never. */
  readonly maxSteps?: number;
  /** Draws a first state. */
  start(state: Float64Array, at: number, rng: Rng): void;
  /** Moves a state on; the action is a row of the action space. */
  advance(state: Float64Array, at: number, move: Move): void;
  /** Writes the row of the observation space that belongs to a state. */
  observe(state: Float64Array, at: number, row: Float32Array, rowAt: number): void;
  /** Writes a 1 for each action that makes sense, into zeros. */
  mask?(state: Float64Array, at: number, row: Uint8Array, rowAt: number): void;
  draw?(state: Float64Array, at: number): Drawing;
}

/** One step's input and output: the action's row, chance, and what came of it. */
export interface Move extends Outcome {
  actions: Float32Array;
  actionAt: number;
  rng: Rng;
}

/** A discrete environment whose transitions can be listed: what value iteration needs. */
export interface TabularSystem extends System<number, number> {
  readonly observationSpace: Discrete;
  readonly actionSpace: Discrete;
  transitions(state: number, action: number): readonly Transition[];
}

export interface Transition {
  readonly probability: number;
  readonly state: number;
  readonly reward: number;
  readonly terminated: boolean;
}

/** @throws EnvironmentError unless the row of `space` at `at` is a possible action; floats beyond a bound are the system's to clip. */
export function checkAction(
  where: string,
  space: Space<unknown>,
  { actions, actionAt }: { actions: Float32Array; actionAt: number },
): void {
  for (let i = 0; i < space.size; i++) {
    const action = actions[actionAt + i]!;
    const choices =
      space instanceof Discrete ? space.choices : space instanceof Box ? Number.NaN : ((space as MultiDiscrete).choices?.[i] ?? 2);
    const fits = space instanceof Box ? Number.isFinite(action) : Number.isInteger(action) && action >= 0 && action < choices;
    if (!fits) throw new EnvironmentError(`${where}: expected an action in ${space}, got ${action}${space.size > 1 ? ` at ${i}` : ""}.`);
  }
}

/**
 * One copy of a system. `reset` takes `{ state }`, numbers to start from instead of chance.
 *
 * @example
 * const world = environmentOf(cartPole());
 * const { observation } = world.reset(new Rng(1));
 * const { reward, terminated, truncated } = world.step(1);
 */
export function environmentOf<Observation, Action>(system: System<Observation, Action>): SystemEnvironment<Observation, Action> {
  return new SystemEnvironment(system);
}

/** See `environmentOf`. */
export class SystemEnvironment<Observation, Action> implements Environment<Observation, Action> {
  readonly system: System<Observation, Action>;
  /** The present state. */
  readonly state: Float64Array;
  readonly #row: Float32Array;
  readonly #move: Move;
  #steps = -1;

  constructor(system: System<Observation, Action>) {
    this.system = system;
    this.state = new Float64Array(system.stateSize);
    this.#row = new Float32Array(system.observationSpace.size);
    // The generator is replaced by reset.
    this.#move = { actions: new Float32Array(system.actionSpace.size), actionAt: 0, rng: new Rng(0), reward: 0, terminated: false };
  }

  get name(): string {
    return this.system.name;
  }
  get observationSpace(): Space<Observation> {
    return this.system.observationSpace;
  }
  get actionSpace(): Space<Action> {
    return this.system.actionSpace;
  }
  get rewardRange(): readonly [number, number] {
    return this.system.rewardRange;
  }

  reset(rng: Rng, options: Info = {}): Reset<Observation> {
    this.#move.rng = rng;
    this.#steps = 0;
    this.system.start(this.state, 0, rng);
    if (options.state !== undefined) this.state.set(this.#given(options.state));
    return { observation: this.#observe(), info: {} };
  }

  step(action: Action): Step<Observation> {
    const where = `${this.name}: step`;
    if (this.#steps < 0) throw new EnvironmentError(`${where}: expected reset before the first step, got none.`);
    const { actionSpace } = this.system;
    const box = (actionSpace as Space<unknown>) instanceof Box;
    if (!box && !actionSpace.contains(action)) {
      throw new EnvironmentError(`${where}: expected an action in ${actionSpace}, got ${String(action)}.`);
    }
    if (box && (action as unknown as ArrayLike<number> | null)?.length !== actionSpace.size) {
      throw new EnvironmentError(`${where}: expected an action in ${actionSpace}, got ${String(action)}.`);
    }
    actionSpace.write(action, this.#move.actions, 0);
    checkAction(where, actionSpace, this.#move);
    this.system.advance(this.state, 0, this.#move);
    this.#steps++;
    const truncated = this.system.maxSteps !== undefined && this.#steps >= this.system.maxSteps;
    return { observation: this.#observe(), reward: this.#move.reward, terminated: this.#move.terminated, truncated, info: {} };
  }

  /** Undefined unless the system has a mask. */
  get actionMask(): (() => Uint8Array) | undefined {
    const { system } = this;
    const { mask, actionSpace } = system;
    if (mask === undefined || !((actionSpace as Space<unknown>) instanceof Discrete)) return undefined;
    return () => {
      const row = new Uint8Array((actionSpace as Space<unknown> as Discrete).choices);
      mask.call(system, this.state, 0, row, 0);
      return row;
    };
  }

  /** Undefined unless the system can be drawn. */
  get draw(): (() => Drawing) | undefined {
    const { system } = this;
    return system.draw && (() => system.draw!(this.state, 0));
  }

  #observe(): Observation {
    this.system.observe(this.state, 0, this.#row, 0);
    return this.system.observationSpace.read(this.#row, 0);
  }

  #given(state: unknown): ArrayLike<number> {
    const numbers = state as ArrayLike<number>;
    if (numbers?.length !== this.state.length || !Array.from(numbers).every(Number.isFinite)) {
      throw new OptionError(`${this.name}: reset: expected ${this.state.length} finite numbers as state, got ${String(state)}.`);
    }
    return numbers;
  }
}
