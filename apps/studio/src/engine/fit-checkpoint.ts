/** The checkpoint of a run of `fit` or `fitGan`, as `Checkpoints` of `@dl/train/node` writes it: `dl resume` and the studio go on from the same file. */

import { CheckpointError } from "@dl/core";
import { type CommonOptions, type Module, type Optimizer, readCheckpoint, writeCheckpoint } from "@dl/nn";
import { type FitSave, type FitState, fromJson, type Run, toJson } from "@dl/train";

export async function writeFitCheckpoint(run: Run): Promise<Uint8Array<ArrayBuffer>> {
  const { model, optimizer, step } = run;
  const { state, tensors } = await run.save();
  const live = { models: { model }, optimizers: { optimizer: { optimizer, model } } };
  return (await writeCheckpoint(live, { step, extra: { fit: toJson(state) }, tensors })) as Uint8Array<ArrayBuffer>;
}

/**
 * Puts model and optimizer back, and gives what `resume` takes.
 *
 * @throws CheckpointError for a file that is damaged, or of another run.
 */
export function readFitCheckpoint(
  bytes: Uint8Array,
  { model, optimizer }: { model: Module; optimizer: Optimizer<CommonOptions> },
): FitSave {
  const file = "checkpoint.safetensors";
  const { extra, tensors } = readCheckpoint(bytes, { models: { model }, optimizers: { optimizer: { optimizer, model } } }, { file });
  if (extra.fit === undefined) throw new CheckpointError(`${file}: expected a checkpoint of a training, got one without its state.`);
  return { state: fromJson(extra.fit) as FitState, tensors };
}
