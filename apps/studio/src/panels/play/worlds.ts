/** The environments of the panel: how they are steered by hand, and which two of their numbers a map shows. */

import { acrobot, cartPole, pendulum, type System } from "@dl/rl";
import type { TaskName } from "./contract.ts";

export interface MapAxis {
  readonly label: string;
  readonly low: number;
  readonly high: number;
}

export interface World {
  readonly title: string;
  /** What is to be done, for who takes over. */
  readonly aim: string;
  readonly system: () => System<Float32Array, number | Float32Array>;
  /** Steps a second, as fast as the world is. */
  readonly rate: number;
  /** The action's row for what is pressed: −1 left, 0 nothing, 1 right. `last` is the one before. */
  readonly steer: (direction: -1 | 0 | 1, last: number) => number;
  /** Undefined where two numbers do not tell enough. */
  readonly map?: {
    readonly across: MapAxis;
    readonly up: MapAxis;
    readonly observation: (across: number, up: number) => readonly number[];
    /** What the action's number means, from the lowest colour to the highest. */
    readonly actions: readonly [string, string];
  };
}

const worlds = {
  cartpole: {
    title: "CartPole",
    aim: "Keep the pole up: left and right push the cart. The cart has no brake, it always goes one way.",
    system: cartPole as unknown as World["system"],
    rate: 50,
    steer: (direction, last) => (direction === 0 ? last : direction > 0 ? 1 : 0),
    map: {
      across: { label: "angle of the pole", low: -0.21, high: 0.21 },
      up: { label: "its speed", low: -2, high: 2 },
      observation: (across, up) => [0, 0, across, up],
      actions: ["push left", "push right"],
    },
  },
  pendulum: {
    title: "Pendulum",
    aim: "Swing it up and hold it there: left and right turn it, too weakly to lift it at once.",
    system: pendulum as unknown as World["system"],
    rate: 20,
    steer: (direction) => -2 * direction,
    map: {
      across: { label: "angle, 0 is up", low: -Math.PI, high: Math.PI },
      up: { label: "speed", low: -8, high: 8 },
      observation: (across, up) => [Math.cos(across), Math.sin(across), up],
      actions: ["turn right", "turn left"],
    },
  },
  acrobot: {
    title: "Acrobot",
    aim: "Swing the tip above the line: left and right bend the joint between the two arms.",
    system: acrobot as unknown as World["system"],
    rate: 15,
    steer: (direction) => direction + 1,
  },
} as const satisfies Record<string, World>;

export function worldOf(task: TaskName): World {
  return task.endsWith("cartpole") ? worlds.cartpole : task.endsWith("pendulum") ? worlds.pendulum : worlds.acrobot;
}
