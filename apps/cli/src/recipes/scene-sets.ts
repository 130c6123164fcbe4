/** Scenes of shapes, drawn when they are read, as three sets that share none. */

import { Rng } from "@dl/core";
import type { NormalizeOptions } from "@dl/data";
import type { RunSettings } from "../run.ts";
import type { ModelPreset } from "./model-recipe.ts";

export interface ScenesPreset extends ModelPreset {
  /** Height and width in pixels. */
  readonly side: number;
  /** That are learned from; an eighth as many are tested, and a sixteenth validates. */
  readonly scenes: number;
}

export const sceneNormalization: NormalizeOptions = { mean: [0.5, 0.5, 0.5], standardDeviation: [0.25, 0.25, 0.25] };

/** As a dataset, where `T` is an example. */
export interface Scenes<T> {
  readonly length: number;
  get(index: number): T;
}

/** Scene `index` of each part is what `draw` makes of a stream of its own. */
export function sceneParts<T>(
  { scenes }: Pick<ScenesPreset, "scenes">,
  { seed, limit }: Pick<RunSettings, "seed" | "limit">,
  draw: (rng: Rng) => T,
): Readonly<Record<"train" | "validation" | "test", Scenes<T>>> {
  const rng = new Rng(seed).fork("scenes");
  const part = (name: string, length: number): Scenes<T> => {
    const own = rng.fork(name);
    return { length: Math.min(length, limit ?? length), get: (index) => draw(own.fork(String(index))) };
  };
  return { train: part("train", scenes), validation: part("validation", scenes >> 4), test: part("test", scenes >> 3) };
}
