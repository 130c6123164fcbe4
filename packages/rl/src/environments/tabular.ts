/** Environments given by a table of transitions: the state is one number, and the observation is it. */

import { OptionError, type Rng } from "@dl/core";
import type { Drawing } from "../drawing/drawing.ts";
import { Discrete } from "../spaces/discrete.ts";
import type { TabularSystem, Transition } from "../system.ts";

export interface TabularOptions {
  name: string;
  states: number;
  actions: number;
  rewardRange: readonly [number, number];
  maxSteps?: number | undefined;
  /** States an episode may begin in, all as likely. */
  starts: readonly number[];
  /** What may come of an action; called once for each state and action. */
  transitions: (state: number, action: number) => readonly Transition[];
  /** Whether the action changes anything in the state. */
  allows?: (state: number, action: number) => boolean;
  draw: (state: number) => Drawing;
}

/**
 * A system with listed transitions. What is drawn by chance is the outcome, in the order of the list.
 *
 * @throws OptionError when a list's probabilities do not add up to 1, or lead outside the states.
 */
export function tabular({
  name,
  states,
  actions,
  rewardRange,
  maxSteps,
  starts,
  transitions,
  allows,
  draw,
}: TabularOptions): TabularSystem {
  const table = Array.from({ length: states * actions }, (_, i) => transitions(Math.floor(i / actions), i % actions));
  for (const [i, list] of table.entries()) {
    const total = list.reduce((sum, { probability }) => sum + probability, 0);
    if (Math.abs(total - 1) > 1e-9 || list.some(({ state }) => !(state >= 0 && state < states))) {
      throw new OptionError(
        `${name}: expected probabilities that add up to 1, of states below ${states}, got ${total} for state ${Math.floor(i / actions)}, action ${i % actions}.`,
      );
    }
  }
  return {
    name,
    observationSpace: new Discrete(states),
    actionSpace: new Discrete(actions),
    rewardRange,
    stateSize: 1,
    ...(maxSteps !== undefined && { maxSteps }),
    transitions: (state, action) => table[state * actions + action]!,
    start(state: Float64Array, at: number, rng: Rng): void {
      state[at] = starts.length === 1 ? starts[0]! : rng.pick(starts);
    },
    advance(state, at, move) {
      const list = table[state[at]! * actions + move.actions[move.actionAt]!]!;
      const outcome = list.length === 1 ? list[0]! : draws(list, move.rng);
      state[at] = outcome.state;
      move.reward = outcome.reward;
      move.terminated = outcome.terminated;
    },
    observe(state, at, row, rowAt) {
      row[rowAt] = state[at]!;
    },
    ...(allows && {
      mask(state: Float64Array, at: number, row: Uint8Array, rowAt: number): void {
        for (let action = 0; action < actions; action++) if (allows(state[at]!, action)) row[rowAt + action] = 1;
      },
    }),
    draw: (state, at) => draw(state[at]!),
  };
}

function draws(list: readonly Transition[], rng: Rng): Transition {
  let left = rng.float();
  for (const transition of list) if ((left -= transition.probability) < 0) return transition;
  return list.at(-1)!;
}
