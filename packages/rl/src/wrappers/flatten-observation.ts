/** Observations of any form as one vector of floats. */

import type { Environment } from "../environment.ts";
import { Box } from "../spaces/box.ts";
import { Dict } from "../spaces/dict.ts";
import { Discrete } from "../spaces/discrete.ts";
import { MultiDiscrete } from "../spaces/multi-discrete.ts";
import type { Space } from "../spaces/space.ts";
import { forward } from "./forward.ts";

/** Choices become one-hot vectors, switches zeros and ones, named values stand one after the other. */
export function flattenObservation<O, A>(environment: Environment<O, A>): Environment<Float32Array, A> {
  const encoder = encoderOf(environment.observationSpace);
  const encode = (observation: O): Float32Array => {
    const row = new Float32Array(encoder.size);
    encoder.write(observation, row, 0);
    return row;
  };
  return {
    ...(forward(environment) as Environment<never, A>),
    observationSpace: new Box({ low: encoder.low, high: encoder.high }),
    reset(rng, options) {
      const { observation, info } = environment.reset(rng, options);
      return { observation: encode(observation), info };
    },
    step(action) {
      const step = environment.step(action);
      return { ...step, observation: encode(step.observation) };
    },
  };
}

interface Encoder {
  readonly size: number;
  readonly low: readonly number[];
  readonly high: readonly number[];
  write(value: unknown, row: Float32Array, at: number): void;
}

function encoderOf(space: Space<unknown>): Encoder {
  if (space instanceof Dict) {
    const parts = Object.entries(space.spaces as Record<string, Space<unknown>>).map(([name, inner]) => [name, encoderOf(inner)] as const);
    return {
      size: parts.reduce((sum, [, { size }]) => sum + size, 0),
      low: parts.flatMap(([, { low }]) => low),
      high: parts.flatMap(([, { high }]) => high),
      write(value, row, at) {
        for (const [name, part] of parts) {
          part.write((value as Record<string, unknown>)[name], row, at);
          at += part.size;
        }
      },
    };
  }
  if (space instanceof Discrete || space instanceof MultiDiscrete) {
    const choices = space instanceof Discrete ? [space.choices] : space.choices;
    const size = choices.reduce((sum, n) => sum + n, 0);
    return {
      size,
      low: new Array<number>(size).fill(0),
      high: new Array<number>(size).fill(1),
      write(value, row, at) {
        for (const [i, n] of choices.entries()) {
          row[at + (typeof value === "number" ? value : (value as Int32Array)[i]!)] = 1;
          at += n;
        }
      },
    };
  }
  const bounds = (end: "low" | "high", otherwise: number): number[] =>
    space instanceof Box ? [...space[end]] : new Array<number>(space.size).fill(otherwise);
  return { size: space.size, low: bounds("low", 0), high: bounds("high", 1), write: (value, row, at) => space.write(value, row, at) };
}
