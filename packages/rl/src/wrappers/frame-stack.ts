/** The last few observations as one: what a single frame cannot show, such as speed. Mnih et al. 2015, methods. */

import { OptionError } from "@dl/core";
import type { Environment } from "../environment.ts";
import { Box } from "../spaces/box.ts";
import { forward } from "./forward.ts";

/**
 * Stacks along the last axis, the oldest first; before there are enough, the first is repeated. `[H, W, C]` becomes `[H, W, frames · C]`.
 */
export function frameStack<A>(environment: Environment<Float32Array, A>, { frames }: { frames: number }): Environment<Float32Array, A> {
  const space = environment.observationSpace;
  if (!(space instanceof Box) || !Number.isInteger(frames) || frames < 1) {
    throw new OptionError(`frameStack: expected float observations and a whole number of frames ≥ 1, got ${space} and ${frames}.`);
  }
  const channels = space.shape.at(-1) ?? 1;
  const outer = space.size / channels;
  let recent: Float32Array[] = [];
  const stacked = (parts: readonly ArrayLike<number>[]): Float32Array => {
    const whole = new Float32Array(space.size * frames);
    for (const [f, part] of parts.entries())
      for (let o = 0; o < outer; o++) for (let c = 0; c < channels; c++) whole[(o * frames + f) * channels + c] = part[o * channels + c]!;
    return whole;
  };
  const repeat = <T>(item: T): T[] => new Array<T>(frames).fill(item);
  return {
    ...forward(environment),
    observationSpace: new Box({
      shape: [...space.shape.slice(0, -1), channels * frames],
      low: stacked(repeat(space.low)),
      high: stacked(repeat(space.high)),
    }),
    reset(rng, options) {
      const { observation, info } = environment.reset(rng, options);
      recent = repeat(observation);
      return { observation: stacked(recent), info };
    },
    step(action) {
      const step = environment.step(action);
      recent = [...recent.slice(1), step.observation];
      return { ...step, observation: stacked(recent) };
    },
  };
}
