/** A GAN's run as callbacks see it; they listen to it as they do to `fit`'s. */

import type { CommonOptions, Optimizer } from "@dl/nn";
import type { Run } from "@dl/train";
import type { GanPair } from "./gan-pair.ts";

/** `model` holds both players, `optimizer` is the generator's. */
export interface GanRun extends Run {
  readonly model: GanPair;
  readonly discriminatorOptimizer: Optimizer<CommonOptions>;
}
