/** Ctrl-C ends the work at hand in order; a second one ends it at once. So does output that nobody reads any more. */

import { constants } from "node:os";
import { onClosedPipe } from "./closed-pipes.ts";

const signals = ["SIGINT", "SIGTERM"] as const;

/** 128 and SIGPIPE's number, which not all systems know. */
const closedPipeCode = 141;

/** Handles SIGINT, SIGTERM and a stdout that was closed, from its making until it is disposed. */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #forgetPipe: () => void;
  #exitCode = 0;

  constructor() {
    this.#forgetPipe = onClosedPipe(process.stdout, () => this.#end(closedPipeCode));
    for (const name of signals) process.on(name, this.#handle);
  }

  /** Aborts on the first of them. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 128 and the signal's number, as shells have it: 130 for Ctrl-C, 141 for a closed stdout. */
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
    console.error("\nstopping; Ctrl-C again to quit at once");
    this.#end(128 + constants.signals[name]);
  };

  #end(exitCode: number): void {
    if (this.signal.aborted) return;
    this.#exitCode = exitCode;
    this.#controller.abort();
  }

  [Symbol.dispose](): void {
    this.#forgetPipe();
    for (const name of signals) process.off(name, this.#handle);
  }
}
