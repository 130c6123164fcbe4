/** Requests that come close together are answered together: a batch costs a device little more than one of its rows. */

import { OptionError } from "@dl/core";

/** The queue is full, or closed: try again later, or elsewhere. */
export class Overload extends Error {
  override readonly name = "Overload";
}

/** A request waited longer than it may. */
export class TooLate extends Error {
  override readonly name = "TooLate";
}

export interface BatcherOptions<Input, Output> {
  /** Answers several at once, in their order. */
  run: (inputs: readonly Input[]) => Promise<readonly Output[]>;
  /** Most in one batch. */
  maxBatch: number;
  /** Milliseconds the first of a batch waits for others while the device is free. */
  maxWait: number;
  /** Most that wait; one more is an `Overload`. */
  maxQueue: number;
  /** Milliseconds after which one that still waits is `TooLate`. */
  timeout: number;
  /** Told the size of each batch and the seconds it took. */
  onBatch?: (size: number, seconds: number) => void;
}

interface Waiting<Input, Output> {
  readonly input: Input;
  readonly deadline: number;
  readonly resolve: (output: Output) => void;
  readonly reject: (error: unknown) => void;
}

/** One batch runs at a time; what comes meanwhile is the next. */
export class Batcher<Input, Output> {
  readonly #options: BatcherOptions<Input, Output>;
  #queue: Waiting<Input, Output>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: BatcherOptions<Input, Output>) {
    const { maxBatch, maxWait, maxQueue, timeout } = options;
    const wrong = Object.entries({ maxBatch, maxQueue }).find(([, value]) => !Number.isInteger(value) || value < 1);
    if (wrong) throw new OptionError(`Batcher: expected a whole ${wrong[0]} ≥ 1, got ${wrong[1]}.`);
    if (!(maxWait >= 0 && timeout > 0))
      throw new OptionError(`Batcher: expected a maxWait ≥ 0 and a timeout > 0, got ${maxWait} and ${timeout}.`);
    this.#options = options;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * @throws Overload at once when too many wait or the batcher is closed; TooLate; whatever `run` throws, for each request of the batch.
   */
  submit(input: Input): Promise<Output> {
    const { maxQueue, timeout } = this.#options;
    if (this.#closed) return Promise.reject(new Overload("stopping"));
    if (this.#queue.length >= maxQueue) return Promise.reject(new Overload(`${maxQueue} requests wait already`));
    return new Promise((resolve, reject) => {
      this.#queue.push({ input, deadline: performance.now() + timeout, resolve, reject });
      this.#schedule();
    });
  }

  /** Answers what waits, and takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#running || this.#queue.length > 0) {
      this.#start();
      await this.#running;
    }
  }

  #schedule(): void {
    const { maxBatch, maxWait } = this.#options;
    if (this.#running) return;
    if (this.#queue.length >= maxBatch) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), maxWait);
  }

  /** Begins the next batch unless one runs; when it ends, what came meanwhile has waited long enough. */
  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running || this.#queue.length === 0) return;
    this.#running = this.#runBatch().finally(() => {
      this.#running = undefined;
      this.#start();
    });
  }

  async #runBatch(): Promise<void> {
    const { run, maxBatch, onBatch } = this.#options;
    // A device may compute without letting anybody else run. Requests that lie in sockets come in first: they fill this batch, and where they
    // are too many they are told so, instead of waiting unseen.
    await new Promise((resolve) => setImmediate(resolve));
    const now = performance.now();
    const late = new Set(this.#queue.filter(({ deadline }) => deadline < now));
    for (const { reject } of late) reject(new TooLate("waited too long"));
    this.#queue = this.#queue.filter((one) => !late.has(one));
    const batch = this.#queue.splice(0, maxBatch);
    if (batch.length === 0) return;
    try {
      const outputs = await run(batch.map(({ input }) => input));
      onBatch?.(batch.length, (performance.now() - now) / 1000);
      for (const [i, { resolve }] of batch.entries()) resolve(outputs[i]!);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
