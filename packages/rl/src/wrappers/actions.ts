/** Actions brought into the environment's bounds. */

import { OptionError } from "@dl/core";
import type { Environment } from "../environment.ts";
import { Box } from "../spaces/box.ts";
import { forward } from "./forward.ts";

/** Takes any float vector, and clips it to the bounds before the environment sees it. */
export function clipAction<O>(environment: Environment<O, Float32Array>): Environment<O, Float32Array> {
  const { shape, low, high } = boxOf("clipAction", environment);
  return {
    ...forward(environment),
    actionSpace: new Box({ shape, low: -Infinity, high: Infinity }),
    step: (action) => environment.step(action.map((value, i) => Math.min(Math.max(value, low[i]!), high[i]!))),
  };
}

/**
 * Takes actions between `low` and `high`, and stretches them to the environment's bounds.
 *
 * @example
 * const swing = rescaleAction(environmentOf(pendulum())); // ±1 for ±2 N·m
 */
export function rescaleAction<O>(
  environment: Environment<O, Float32Array>,
  { low = -1, high = 1 }: { low?: number; high?: number } = {},
): Environment<O, Float32Array> {
  const box = boxOf("rescaleAction", environment);
  if (!box.bounded || !(low < high)) {
    throw new OptionError(`rescaleAction: expected finite bounds, got ${box} from ${low} to ${high}. Use clipAction.`);
  }
  const stretch = (value: number, i: number): number => {
    const target = box.low[i]! + ((value - low) / (high - low)) * (box.high[i]! - box.low[i]!);
    // Rounding may leave the box by a digit.
    return Math.min(Math.max(target, box.low[i]!), box.high[i]!);
  };
  return {
    ...forward(environment),
    actionSpace: new Box({ shape: box.shape, low, high }),
    step: (action) => environment.step(action.map(stretch)),
  };
}

function boxOf(where: string, { name, actionSpace }: Environment<unknown, Float32Array>): Box {
  if (!(actionSpace instanceof Box))
    throw new OptionError(`${where}: expected an environment with float actions, got ${name} with ${actionSpace}.`);
  return actionSpace;
}
