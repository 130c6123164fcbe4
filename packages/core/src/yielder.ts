/** Lets the host breathe: signals, timers and painting wait for a turn of the event loop that awaiting alone never gives. */

/** Longest time without a turn, in milliseconds: three frames. */
const longest = 50;

/**
 * For long work on the host, between its parts.
 *
 * @example
 * const yielder = new Yielder();
 * for (const part of [1, 2, 3]) {
 *   await yielder.turn();
 *   console.log(part);
 * }
 */
export class Yielder {
  #last = performance.now();

  /** Waits one turn of the event loop, if the last one is long ago. */
  async turn(): Promise<void> {
    if (performance.now() - this.#last < longest) return;
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    this.#last = performance.now();
  }
}
