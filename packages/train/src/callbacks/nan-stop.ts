/** Ends a run whose loss is no number any more: the weights are lost, and more steps only cost time. */

import type { Callback, Run, StepRecord } from "../callback.ts";

export class NanStop implements Callback {
  readonly name = "nanStop";

  onStep(run: Run, { step, metrics }: StepRecord): void {
    for (const [name, value] of Object.entries(metrics)) {
      if (!Number.isFinite(value)) run.stop(`${name} is ${value} at step ${step}: try a smaller learning rate, or clipNorm`);
    }
  }
}
