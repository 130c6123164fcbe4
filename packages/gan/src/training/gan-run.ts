/** A GAN's run as callbacks see it, and as it is saved. Callbacks of @dl/train listen to it as they do to `fit`. */

import type { CommonOptions, Optimizer } from "@dl/nn";
import type { FitSave, FitState, Metrics, Run } from "@dl/train";
import type { GanPair } from "./gan-pair.ts";

/** `model` holds both players, `optimizer` is the generator's. */
export interface GanRun extends Run {
  readonly model: GanPair;
  readonly discriminatorOptimizer: Optimizer<CommonOptions>;
}

/** Where a GAN's run stands. */
export interface GanState extends FitState {
  /** Steps of the discriminator's optimizer; its slots are among the tensors, as `discriminatorOptimizer/<path>`. */
  readonly discriminatorStep: number;
  /** Of the unfinished epoch: in how many steps each metric was told. */
  readonly counts: Metrics;
}

/** What `resume` of `fitGan` takes: what `resumeFrom` of @dl/train/node gives. */
export interface GanSave extends FitSave {
  readonly state: GanState;
}
