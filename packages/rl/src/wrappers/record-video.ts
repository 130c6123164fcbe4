/** Keeps drawings of episodes. */

import { OptionError } from "@dl/core";
import type { Drawing } from "../drawing/drawing.ts";
import type { Environment } from "../environment.ts";
import { forward } from "./forward.ts";

/** An episode as it was drawn. */
export interface Recording {
  /** One a step, and one of the start. */
  readonly drawings: readonly Drawing[];
  readonly return: number;
}

export interface RecordVideoOptions {
  onEpisode: (recording: Recording) => void;
  /** Hand on only episodes that are better than all before. Default false. */
  best?: boolean;
}

/**
 * Draws every step and hands on whole episodes; `rasterize` and `encodeApng` make files of them.
 *
 * @throws OptionError when the environment cannot be drawn.
 */
export function recordVideo<O, A>(environment: Environment<O, A>, { onEpisode, best = false }: RecordVideoOptions): Environment<O, A> {
  const { draw } = environment;
  if (draw === undefined)
    throw new OptionError(`recordVideo: expected an environment that can be drawn, got ${environment.name} without \`draw\`.`);
  let drawings: Drawing[] = [];
  let sum = 0;
  let highest = -Infinity;
  return {
    ...forward(environment),
    reset(rng, options) {
      const start = environment.reset(rng, options);
      drawings = [draw.call(environment)];
      sum = 0;
      return start;
    },
    step(action) {
      const step = environment.step(action);
      drawings.push(draw.call(environment));
      sum += step.reward;
      if ((step.terminated || step.truncated) && (!best || sum > highest)) {
        highest = Math.max(highest, sum);
        onEpisode({ drawings, return: sum });
      }
      return step;
    },
  };
}
