/** Q-learning in a table: one number a state and action. Watkins and Dayan 1992; Sutton and Barto, section 6.5. */

import { CheckpointError, OptionError, type Rng } from "@dl/core";
import { type Scheduled, valueAt } from "../schedule.ts";
import { environmentOf, type TabularSystem } from "../system.ts";

export interface TabularQOptions {
  rng: Rng;
  /** Steps to learn from. */
  steps: number;
  /** Default 0.1. */
  learningRate?: Scheduled;
  /** γ. Default 0.99. */
  discount?: number;
  /** ε: share of random actions. Default from 1 to 0.05 along the way. */
  exploration?: Scheduled;
}

/** Action values `[states, actions]`, row by row. */
export class QTable {
  readonly states: number;
  readonly actions: number;
  readonly values: Float64Array;

  constructor(states: number, actions: number) {
    this.states = states;
    this.actions = actions;
    this.values = new Float64Array(states * actions);
  }

  /** The best action in a state, of those that `mask` (`[actions]`, 1 for allowed) leaves; the first of equals. */
  best(state: number, mask?: ArrayLike<number>): number {
    let best = -1;
    for (let action = 0; action < this.actions; action++) {
      if (mask?.[action] === 0) continue;
      if (best < 0 || this.values[state * this.actions + action]! > this.values[state * this.actions + best]!) best = action;
    }
    return Math.max(best, 0);
  }

  /** The value of the best action. */
  value(state: number, mask?: ArrayLike<number>): number {
    return this.values[state * this.actions + this.best(state, mask)]!;
  }

  /** Moves one value towards `goal` by a share of what it is short of it, which is returned. */
  learn(state: number, action: number, { goal, rate }: { goal: number; rate: number }): number {
    const at = state * this.actions + action;
    const error = goal - this.values[at]!;
    this.values[at]! += rate * error;
    return error;
  }

  /** For `evaluatePolicy`: the best action for each observation. */
  act(observations: Float32Array): Float32Array {
    return observations.map((state) => this.best(state));
  }

  toJson(): { readonly states: number; readonly actions: number; readonly values: readonly number[] } {
    return { states: this.states, actions: this.actions, values: [...this.values] };
  }

  static fromJson({ states, actions, values }: ReturnType<QTable["toJson"]>): QTable {
    if (values.length !== states * actions)
      throw new CheckpointError(`QTable: expected ${states} · ${actions} values, got ${values.length}.`);
    const table = new QTable(states, actions);
    table.values.set(values);
    return table;
  }
}

/**
 * Learns a table by acting.
 *
 * @example
 * const table = learnQTable(cliffWalking(), { rng, steps: 20_000, exploration: 0.1, learningRate: 0.5 });
 * table.best(36); // 0
 */
export function learnQTable(
  system: TabularSystem,
  { rng, steps, learningRate = 0.1, discount = 0.99, exploration = (done) => 1 - 0.95 * done }: TabularQOptions,
): QTable {
  if (!Number.isInteger(steps) || steps < 1) throw new OptionError(`learnQTable: expected a whole number of steps ≥ 1, got ${steps}.`);
  const { choices: actions } = system.actionSpace;
  const table = new QTable(system.observationSpace.choices, actions);
  const world = environmentOf(system);
  const chance = rng.fork("environment");
  const draws = rng.fork("exploration");
  let state = world.reset(chance).observation;
  for (let t = 0; t < steps; t++) {
    const explores = draws.float() < valueAt(exploration, t / steps);
    const action = explores ? draws.integer(0, actions) : table.best(state);
    const { observation: next, reward, terminated, truncated } = world.step(action);
    const goal = reward + (terminated ? 0 : discount * table.value(next));
    table.learn(state, action, { goal, rate: valueAt(learningRate, t / steps) });
    state = terminated || truncated ? world.reset(chance).observation : next;
  }
  return table;
}

/** The values that no policy can better, by dynamic programming over the listed transitions. Sutton and Barto, section 4.4. */
export function iterateValues(
  system: TabularSystem,
  { discount = 0.99, tolerance = 1e-10 }: { discount?: number; tolerance?: number } = {},
): QTable {
  const { choices: actions } = system.actionSpace;
  const table = new QTable(system.observationSpace.choices, actions);
  for (let change = Infinity; change > tolerance; ) {
    change = 0;
    for (let at = 0; at < table.values.length; at++) {
      let sum = 0;
      for (const { probability, state, reward, terminated } of system.transitions(Math.floor(at / actions), at % actions)) {
        sum += probability * (reward + (terminated ? 0 : discount * table.value(state)));
      }
      change = Math.max(change, Math.abs(sum - table.values[at]!));
      table.values[at] = sum;
    }
  }
  return table;
}
