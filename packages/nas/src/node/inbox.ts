/** What a thread says, in order: nothing is lost that it says while nobody listens. */

import { DataError } from "@dl/core";
import type { WorkerThread } from "@dl/core/node";

/** The thread is gone, or must go. */
export class LostWorker extends DataError {}

/** Listens to a thread from its making on. */
export class Inbox<Message> {
  readonly #messages: Message[] = [];
  #waiting: { readonly take: (message: Message) => void; readonly giveUp: (error: LostWorker) => void } | undefined;
  #end: LostWorker | undefined;

  constructor(worker: WorkerThread) {
    worker.on("message", (message: Message) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting) waiting.take(message);
      else this.#messages.push(message);
    });
    worker.on("error", (error) => this.#close(`trial worker: expected it to run, got ${error.name}: ${error.message}`));
    worker.on("exit", (code) => this.#close(`trial worker: expected it to run on, got its end with exit code ${code}.`));
  }

  /** Whether the thread runs. */
  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /** The next message; one call at a time. @throws LostWorker when the thread has ended. */
  next(): Promise<Message> {
    if (this.#messages.length > 0) return Promise.resolve(this.#messages.shift()!);
    if (this.#end) return Promise.reject(this.#end);
    return new Promise((take, giveUp) => {
      this.#waiting = { take, giveUp };
    });
  }

  #close(message: string): void {
    // The first reason counts: an error comes before the exit it causes.
    this.#end ??= new LostWorker(message);
    this.#waiting?.giveUp(this.#end);
    this.#waiting = undefined;
  }
}
