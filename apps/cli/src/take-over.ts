/** Going on from the checkpoint of another candidate of a search. */

import type { CommonOptions, Module, Optimizer } from "@dl/nn";
import type { FitSave } from "@dl/train";
import { resumeFrom } from "@dl/train/node";

/** Puts model and optimizer where a checkpoint has them, and gives what `fit` takes as `resume`. */
export async function takeOver(checkpoint: string, { model, optimizer, batchSize, stepsPerEpoch }: TakenOver): Promise<FitSave> {
  const save = await resumeFrom(checkpoint, { model, optimizer });
  const { state } = save;
  if (state.setup.batchSize === batchSize || state.batches !== null) return save;
  // A member of a population may go on with other batches: between epochs, as if all steps had been of these, so that its schedule fits.
  const step = state.epoch * stepsPerEpoch;
  const { tensors } = await optimizer.read(model);
  optimizer.load(model, { step, tensors });
  return { ...save, state: { ...state, setup: { ...state.setup, batchSize }, step, optimizerStep: step } };
}

interface TakenOver {
  readonly model: Module;
  readonly optimizer: Optimizer<CommonOptions>;
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
}
