/** The gate a training goes through after each step: there it is paused, stepped, stopped, and asked. */

/** Longest time in milliseconds without a look at the worker's messages. */
const longest = 30;

export class Pacer {
  /** Called when a step that was asked for is done. */
  onPaused: () => void = () => undefined;
  /** Called on each turn, before it waits. */
  onTurn: () => void | Promise<void> = () => undefined;
  #isPaused = false;
  /** Steps that were asked for and are not done. */
  #steps = 0;
  #isWorking = false;
  #release: (() => void) | undefined;
  readonly #waiting: (() => Promise<void>)[] = [];
  #chain: Promise<unknown> = Promise.resolve();
  #last = performance.now();

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#steps = 0;
    this.#open();
  }

  /** One more step, and then a pause. */
  step(): void {
    this.#isPaused = true;
    this.#steps++;
    this.#open();
  }

  /** Runs a training. Work of `between` waits for its turns; without one it runs at once. */
  async training<T>(work: () => Promise<T>): Promise<T> {
    await this.#chain;
    this.#isWorking = true;
    try {
      return await work();
    } finally {
      this.#isWorking = false;
      this.#isPaused = false;
      this.#steps = 0;
      await this.#drain();
    }
  }

  /** Runs `work` while no step is running. */
  between<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push(() => work().then(resolve, reject));
      if (!this.#isWorking || this.#release) this.#chain = this.#chain.then(() => this.#drain());
    });
  }

  /** After each step: answers, lets messages in, and waits while the run is paused. */
  async turn(): Promise<void> {
    // Before messages are let in: a step that is asked for from here on is the next one.
    const wasAsked = this.#steps > 0;
    if (wasAsked) this.#steps--;
    await this.onTurn();
    await this.#drain();
    if (performance.now() - this.#last > longest) {
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
      this.#last = performance.now();
    }
    if (wasAsked && this.#isPaused) this.onPaused();
    while (this.#isPaused && this.#steps === 0) {
      // What came with the pause, while messages were let in.
      await this.#drain();
      await new Promise<void>((resolve) => {
        this.#release = resolve;
      });
      this.#release = undefined;
      await this.#chain;
    }
  }

  async #drain(): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) await next();
  }

  #open(): void {
    this.#release?.();
  }
}
