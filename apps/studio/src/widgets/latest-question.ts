/** A question that is asked anew whenever what it is about has changed: one at a time, and what came meanwhile after it. */

export class LatestQuestion {
  readonly #ask: () => Promise<void>;
  #isWaiting = false;
  #isStale = false;
  #askedAt = Number.NEGATIVE_INFINITY;

  /** `ask` puts the question as it is then, takes the answer, and does not reject. */
  constructor(ask: () => Promise<void>) {
    this.#ask = ask;
  }

  /** Milliseconds since it was last asked. */
  get age(): number {
    return performance.now() - this.#askedAt;
  }

  async ask(): Promise<void> {
    if (this.#isWaiting) {
      this.#isStale = true;
      return;
    }
    this.#isWaiting = true;
    do {
      this.#isStale = false;
      this.#askedAt = performance.now();
      await this.#ask();
    } while (this.#isStale);
    this.#isWaiting = false;
  }
}
