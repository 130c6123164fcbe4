/** How long a run has worked, also over interruptions: what is saved with its checkpoints goes on counting. */

import type { Callback } from "@dl/train";

export class Stopwatch implements Callback {
  readonly name = "stopwatch";
  readonly #start = performance.now();
  #before = 0;

  get seconds(): number {
    return this.#before + (performance.now() - this.#start) / 1000;
  }

  state(): { readonly seconds: number } {
    return { seconds: this.seconds };
  }

  restore(state: unknown): void {
    this.#before = (state as { readonly seconds: number }).seconds;
  }
}
