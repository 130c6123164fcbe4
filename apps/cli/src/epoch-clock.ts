/** Which epoch a run is in: for augmentation that differs from epoch to epoch. */

import type { Callback, Run } from "@dl/train";

export class EpochClock implements Callback {
  readonly name = "epoch-clock";
  #run: Run | undefined;

  /** From 0. */
  get epoch(): number {
    return this.#run?.epoch ?? 0;
  }

  onStart(run: Run): void {
    this.#run = run;
  }
}
