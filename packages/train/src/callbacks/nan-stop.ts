/** Ends a run whose loss is no number any more: the weights are lost, and more steps only cost time. */

import type { Callback, Run, StepRecord } from "../callback.ts";

export class NanStop implements Callback {
  readonly name = "nanStop";
  #hasSeenNumbers = false;

  onStart(run: Run): void {
    this.#hasSeenNumbers = run.step > 0;
  }

  onStep(run: Run, { step, metrics }: StepRecord): void {
    for (const [name, value] of Object.entries(metrics)) {
      if (Number.isFinite(value)) continue;
      // A run that starts with NaN was fed with it; one that comes to it took steps too long.
      const remedy = this.#hasSeenNumbers
        ? "try a smaller learning rate, or clipNorm"
        : "look for NaN in the inputs, and for labels outside of the classes (checkLabels finds them)";
      run.stop(`${name} is ${value} at step ${step}: ${remedy}`);
    }
    this.#hasSeenNumbers = true;
  }
}
