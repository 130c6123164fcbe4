/** One pass over the dataset that the workers hold. */

import { DataError } from "@dl/core";
import type { Batches, BatchesOptions, BatchesState } from "../batches.ts";
import type { Example } from "../dataset.ts";
import { noneReadable } from "../read-examples.ts";
import type { BatchThread, WorkerBatch } from "./batch-thread.ts";

export interface WorkerPassOptions extends Omit<BatchesOptions, "transform" | "collate"> {
  /** Batches made ahead, at least 1. Default: two for every worker. */
  prefetch?: number | undefined;
}

export interface WorkerPassPlan {
  readonly pass: number;
  readonly plan: Batches<Example>;
  readonly prefetch: number;
  readonly onDamaged: BatchesOptions["onDamaged"];
}

/** A pass whose batches come from workers, in order. Leaving the loop and looping again goes on, as with `Batches`. */
export class WorkerPass<E extends Example> implements AsyncIterableIterator<E, undefined> {
  /** Batches in the whole pass. */
  readonly length: number;
  readonly #threads: readonly BatchThread[];
  readonly #pass: number;
  readonly #batches: Batches<Example>;
  readonly #plan: BatchesState;
  readonly #prefetch: number;
  readonly #onDamaged: BatchesOptions["onDamaged"];
  /** Batches asked for, by position. */
  readonly #coming = new Map<number, Promise<WorkerBatch>>();
  #position: number;
  /** Settles when the call before has its batch. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(threads: readonly BatchThread[], { pass, plan, prefetch, onDamaged }: WorkerPassPlan) {
    this.length = plan.length;
    this.#batches = plan;
    this.#onDamaged = onDamaged;
    this.#threads = threads;
    this.#pass = pass;
    this.#plan = plan.state;
    this.#prefetch = prefetch;
    this.#position = plan.state.position;
  }

  /** Where the pass stands: batches made ahead do not count. */
  get state(): BatchesState {
    return { ...this.#plan, position: this.#position };
  }

  /** A batch that cannot be made is an error, and the pass stays where it is: the next call asks for that batch again. */
  next(): Promise<IteratorResult<E, undefined>> {
    // One call after the other: the next batch is known when the one before is there.
    const given = this.#turn.then(() => this.#give());
    this.#turn = given.catch(() => {});
    return given;
  }

  async #give(): Promise<IteratorResult<E, undefined>> {
    for (let position = this.#position; position < this.length; position++) {
      const { batch, damaged } = await this.#take(position);
      for (const { index, message } of damaged) this.#onDamaged?.(new DataError(message), index);
      // All of its examples are damaged: passed over, as in one thread.
      if (batch === undefined) continue;
      this.#position = position + 1;
      return { done: false, value: batch as E };
    }
    if (this.#position === 0 && this.length > 0) throw noneReadable("the whole dataset");
    this.#position = this.length;
    return { done: true, value: undefined };
  }

  /** Waits for batch `position`, with those behind it asked for. */
  async #take(position: number): Promise<WorkerBatch> {
    for (let at = position; at < Math.min(position + this.#prefetch, this.length); at++) {
      if (!this.#coming.has(at)) this.#coming.set(at, this.#request(at));
    }
    try {
      return await this.#coming.get(position)!;
    } finally {
      this.#coming.delete(position);
    }
  }

  #request(position: number): Promise<WorkerBatch> {
    const batch = this.#threads[position % this.#threads.length]!.request({
      kind: "read",
      pass: this.#pass,
      plan: this.#plan,
      position,
      indices: this.#batches.indices(position),
      occurrences: this.#batches.occurrences(position),
      tolerant: this.#onDamaged !== undefined,
    });
    // A failure belongs to the call that gets to it; until then it must not count as unhandled.
    batch.catch(() => {});
    return batch;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
