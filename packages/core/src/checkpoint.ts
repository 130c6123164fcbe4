/** Recomputation: less memory for more time. Chen et al. 2016, "Training deep nets with sublinear memory cost", arXiv:1604.06174. */

import { backward } from "./backward.ts";
import { captureRecording, differentiableJointly, isRecording, popRecording, pushRecording, withoutRecording } from "./recording.ts";
import { replayable } from "./rng.ts";
import { scope } from "./scope.ts";
import { shareStorage, type Tensor } from "./tensor.ts";

let replays = 0;

/** Whether `checkpoint` runs its work for the second time: state the work moves, such as running statistics, has moved already. */
export function isReplaying(): boolean {
  return replays > 0;
}

/**
 * The output of `work`, whose intermediate results are freed at once and computed again on the way back.
 *
 * The gradient, by everything `work` uses, is the same, bit for bit: random numbers drawn inside are drawn again alike.
 * Outside of `valueAndGrad` it only frees intermediates early.
 *
 * @example
 * for (const block of model.blocks) x = checkpoint(() => block.forward(x, mode));
 */
export function checkpoint(work: () => Tensor): Tensor {
  if (!isRecording()) return scope(work);
  const recording = captureRecording();
  const used = new Set<Tensor>();
  const replay = replayable(work);
  const result = withoutRecording(() => scope(replay.first), used);
  const output = shareStorage(result, result.shape); // Of its own, even when `work` returns what it was given.
  const inputs = [...used];
  return differentiableJointly(output, inputs, (gradient, needed) => {
    pushRecording(recording);
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
