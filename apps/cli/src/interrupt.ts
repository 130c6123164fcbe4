/** Ctrl-C ends the work at hand in order; a second one ends it at once. */

import { constants } from "node:os";

const signals = ["SIGINT", "SIGTERM"] as const;

/** Handles SIGINT and SIGTERM from its making until it is disposed. */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  #exitCode = 0;

  constructor() {
    for (const name of signals) process.on(name, this.#handle);
  }

  /** Aborts on the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 128 and the signal's number, as shells have it: 130 for Ctrl-C. */
  get exitCode(): number {
    return this.#exitCode;
  }

  /** The code to exit with if `error` is this interrupt coming through; other errors are thrown on. */
  codeFor(error: unknown): number {
    const { signal } = this.#controller;
    if (signal.aborted && (error === signal.reason || (error instanceof Error && error.name === "AbortError"))) return this.#exitCode;
    throw error;
  }

  readonly #handle = (name: (typeof signals)[number]): void => {
    if (this.signal.aborted) process.exit(this.#exitCode);
    this.#exitCode = 128 + constants.signals[name];
    console.error("\nstopping; Ctrl-C again to quit at once");
    this.#controller.abort();
  };

  [Symbol.dispose](): void {
    for (const name of signals) process.off(name, this.#handle);
  }
}
