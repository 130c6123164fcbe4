/** Recomputation: less memory for more time. Chen et al. 2016, "Training deep nets with sublinear memory cost", arXiv:1604.06174. */

import { backward } from "./backward.ts";
import { deviceDType } from "./cell.ts";
import { captureRecording, differentiableJointly, isRecording, popRecording, pushRecording, watched } from "./recording.ts";
import { replayable } from "./rng.ts";
import { scope } from "./scope.ts";
import { shareStorage, Tensor } from "./tensor.ts";

let replays = 0;

/** Whether `checkpoint` runs its work for the second time: state the work moves, such as running statistics, has moved already. */
export function isReplaying(): boolean {
  return replays > 0;
}

/**
 * The output of `work`, whose intermediate results are freed at once and computed again on the way back.
 *
 * The gradient, by everything `work` uses, is the same, bit for bit: random numbers drawn inside are drawn again alike, and cells
 * read inside hold again what they held. Cells that `work` writes are written once, by the first run.
 * Outside of `valueAndGrad` it only frees intermediates early.
 *
 * @example
 * for (const block of model.blocks) x = checkpoint(() => block.forward(x, mode));
 */
export function checkpoint(work: () => Tensor): Tensor {
  if (!isRecording()) return scope(work);
  const recording = captureRecording();
  const replay = replayable(work);
  // Of its own name, even when `work` returns what it was given; what `work` made is freed here, and its result on the way back.
  const { result: output, used } = watched(() => scope(() => shared(replay.first())));
  // The values the cells had stay alive under names of the outer scope: the second run finds what the first one found.
  for (const [cell, storage] of used.cells) {
    recording.leaves.set(cell, new Tensor(storage, { shape: cell.shape, dtype: deviceDType(cell.dtype, storage.device) }));
  }
  const inputs = [...used.inputs];
  return differentiableJointly(output, inputs, (gradient, needed) => {
    // A copy: what the work writes to cells this time must not be there if it is recomputed once more.
    pushRecording({ leaves: new Map(recording.leaves), replayed: true });
    replays++;
    let again: Tensor;
    try {
      again = replay.again();
    } finally {
      replays--;
      popRecording();
    }
    const targets = inputs.filter((_, i) => needed[i]);
    const gradients = backward(again, gradient, { targets });
    return inputs.map((_, i) => (needed[i] ? gradients.shift()! : null));
  });
}

function shared(x: Tensor): Tensor {
  return shareStorage(x, x.shape);
}
