/** One pass over a stream in batches: shuffled through a buffer, transformed, made ahead, and resumable at any batch. */

import { DataError, OptionError, Rng, type RngState } from "@dl/core";
import type { Collate } from "../collate/pad-fields.ts";
import type { Example } from "../dataset.ts";
import { stack } from "../datasets/stack.ts";
import { noneReadable } from "../read-examples.ts";
import { Pipeline, type Transform } from "../transforms/transform.ts";
import type { DataStream, StreamCursor, StreamState } from "./data-stream.ts";
import type { Numbered } from "./numbered.ts";
import { isShuffled, openGroups } from "./stream-groups.ts";

/** Which elements come into which batch, of `T` in the stream. */
export interface StreamOrderOptions<T> {
  /** Examples in a batch, at least 1. */
  batchSize: number;
  /** Mixes examples through a buffer of `shuffleBuffer`. Fork one for every epoch. */
  shuffle?: Rng | undefined;
  /** Examples held at once when shuffling. Default 1,000. */
  shuffleBuffer?: number | undefined;
  /** Puts examples of similar length into one batch, as far as the buffer has them. Needs `shuffle`. Default: lengths do not matter. */
  lengthOf?: ((element: T) => number) | undefined;
  /** Leaves out a last batch that would be smaller. Default `false`. */
  dropLast?: boolean | undefined;
  /**
   * Called for an element that is damaged, in the order of the batches; `index` is its number in the stream. It is left out, and its batch
   * is smaller, and passed over where nothing is left of it. Where a file ends too early, that is the one element it ends with. A pass of
   * which nothing can be read is still a `DataError`, at its end. Without `onDamaged` the first damaged element ends the pass.
   */
  onDamaged?: ((error: DataError, index: number) => void) | undefined;
  /** Where random transforms draw from. Fork one for every epoch. */
  rng?: Rng | undefined;
  /** Goes on where a pass with this `state` stood: the same batches remain. `shuffle` and `rng` are taken from the state. */
  resume?: StreamBatchesState | undefined;
}

export interface StreamBatchesOptions<E extends Example = Example> extends StreamOrderOptions<E> {
  /** Applied to each batch in this order, in place. An example's number is its place in the stream. */
  transform?: Transform<E> | readonly Transform<E>[] | undefined;
  /** Makes a batch of examples, such as `padFields`. Default: they are stacked, and must have equal shapes. */
  collate?: Collate<E> | undefined;
  /** Batches read ahead while the last one is used. Default 0. */
  prefetch?: number | undefined;
}

/** Where a pass over a stream stands: plain JSON. */
export interface StreamBatchesState {
  /** Batches already given, and those passed over because all of their elements were damaged. */
  readonly position: number;
  readonly batchSize: number;
  readonly dropLast: boolean;
  /** `null` for a pass in the stream's order. */
  readonly shuffleBuffer: number | null;
  /** Whether there is a `lengthOf`. */
  readonly byLength: boolean;
  readonly rng: RngState | null;
  readonly stream: StreamState;
}

/** A batch, and what could not come into it. */
export interface MadeBatch<E> {
  /** Undefined where nothing is left of it. */
  readonly batch: E | undefined;
  readonly damaged: readonly { readonly index: number; readonly error: DataError }[];
}

/** Makes batches of what was drawn: here, or in another thread. `isTolerant`: damaged elements are left out. */
export type BatchMaker<T, E> = (
  group: readonly Numbered<T>[],
  options: { readonly position: number; readonly isTolerant: boolean },
) => MadeBatch<E> | Promise<MadeBatch<E>>;

export interface BatchMaking<T, E> {
  /** From the stream that the pass's random transforms draw from. */
  maker(rng: Rng | undefined): BatchMaker<T, E>;
  readonly prefetch: number;
}

interface ComingBatch<E> {
  /** Undefined at the end of the stream. */
  readonly made: Promise<MadeBatch<E> | undefined>;
  /** The place behind the batch. */
  readonly after: Promise<StreamState>;
}

/**
 * A pass over a stream; `batches` makes it. Leaving the loop and looping again goes on; `close` ends it early. A batch that cannot be made is
 * an error, and the pass stays where it is: every further call gives that error.
 */
export class StreamBatches<E extends Example> implements AsyncIterableIterator<E, undefined>, AsyncDisposable {
  readonly #groups: StreamCursor<readonly Numbered<unknown>[]>;
  readonly #make: BatchMaker<unknown, E>;
  readonly #onDamaged: StreamOrderOptions<unknown>["onDamaged"];
  readonly #plan: Omit<StreamBatchesState, "position" | "stream">;
  readonly #prefetch: number;
  /** Batches on their way, the one to be given next first. */
  readonly #coming: ComingBatch<E>[] = [];
  /** Settles when all that was asked of the stream so far is read: one group after the other. */
  #drawn: Promise<unknown> = Promise.resolve();
  /** Settles when the call before is answered. */
  #turn: Promise<unknown> = Promise.resolve();
  #position: number;
  #place: StreamState;
  /** Batches passed over since then: they count in the state once the next one is given. */
  #passedOver = 0;
  #closed = false;

  constructor(stream: DataStream<unknown>, { options, making }: { options: StreamOrderOptions<never>; making: BatchMaking<never, E> }) {
    const { batchSize, shuffle, shuffleBuffer = 1000, lengthOf, dropLast = false, onDamaged, rng, resume } = options;
    const { prefetch, maker } = making;
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new OptionError(`batches: expected a whole batchSize of at least 1, got ${batchSize}.`);
    }
    if (!Number.isInteger(prefetch) || prefetch < 0) {
      throw new OptionError(`batches: expected a whole prefetch of at least 0, got ${prefetch}.`);
    }
    const byLength = lengthOf !== undefined;
    if (resume !== undefined) checkResume(resume, { batchSize, dropLast, shuffleBuffer, byLength });
    const isMixed = resume === undefined ? shuffle !== undefined : resume.shuffleBuffer !== null;
    const transformRng = resume === undefined ? rng : resume.rng === null ? undefined : Rng.fromState(resume.rng);
    this.#plan = { batchSize, dropLast, shuffleBuffer: isMixed ? shuffleBuffer : null, byLength, rng: transformRng?.state ?? null };
    this.#make = maker(transformRng) as BatchMaker<unknown, E>;
    this.#onDamaged = onDamaged;
    this.#prefetch = prefetch;
    const length = lengthOf as ((element: unknown) => number) | undefined;
    this.#groups = openGroups(stream, { batchSize, shuffle, shuffleBuffer, dropLast, lengthOf: length, state: resume?.stream });
    this.#place = this.#groups.state();
    this.#position = resume?.position ?? 0;
  }

  /** Where the pass stands now: batches made ahead do not count. */
  get state(): StreamBatchesState {
    return { position: this.#position, ...this.#plan, stream: this.#place };
  }

  next(): Promise<IteratorResult<E, undefined>> {
    // One call after the other: the next batch is known when the one before is there.
    const given = this.#turn.then(() => this.#give());
    this.#turn = given.catch(() => {});
    return given;
  }

  async #give(): Promise<IteratorResult<E, undefined>> {
    if (this.#closed) return { done: true, value: undefined };
    for (;;) {
      while (this.#coming.length < this.#prefetch + 1) this.#start(this.#position + this.#passedOver + this.#coming.length);
      const first = this.#coming[0]!;
      const made = await first.made;
      // Whoever stands at the start has been given nothing.
      if (made === undefined && this.#position === 0 && this.#passedOver > 0) throw noneReadable("the whole stream");
      for (const { error, index } of made?.damaged ?? []) this.#onDamaged?.(error, index);
      if (made !== undefined) {
        this.#coming.shift();
        this.#passedOver++;
        if (made.batch === undefined) continue;
      }
      this.#place = await first.after;
      this.#position += this.#passedOver;
      this.#passedOver = 0;
      if (made?.batch !== undefined) return { done: false, value: made.batch };
      await this.close();
      return { done: true, value: undefined };
    }
  }

  /** Draws the group of batch `position` as soon as those before it are drawn, and has the batch made. */
  #start(position: number): void {
    const drawn = this.#drawn.then(async () => {
      const step = await this.#groups.next();
      return { group: step.done ? undefined : step.value, after: this.#groups.state() };
    });
    const isTolerant = this.#onDamaged !== undefined;
    const made = drawn.then(({ group }) => (group === undefined ? undefined : this.#make(group, { position, isTolerant })));
    // Where one cannot be drawn, those behind it are not: the pass ends there.
    this.#drawn = drawn;
    const after = drawn.then(({ after }) => after);
    // A failure belongs to the call that gets to it; until then it must not count as unhandled.
    for (const promise of [drawn, made, after]) promise.catch(() => {});
    this.#coming.push({ made, after });
  }

  /** Closes what the stream has open, once what is under way has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#coming.map(({ made }) => made));
    await this.#groups.close();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function checkResume(
  state: StreamBatchesState,
  now: Pick<StreamBatchesState, "batchSize" | "dropLast" | "shuffleBuffer" | "byLength">,
): void {
  for (const key of ["batchSize", "dropLast", "shuffleBuffer", "byLength"] as const) {
    // In the stream's order nothing is held.
    if (key === "shuffleBuffer" && state[key] === null) continue;
    if (state[key] !== now[key]) {
      throw new DataError(
        `batches: expected resume to fit this pass (${key} ${now[key]}), got a state with ${key} ${state[key]}. Resume with the options of the interrupted run.`,
      );
    }
  }
  if (isShuffled(state.stream) !== (state.shuffleBuffer !== null)) {
    throw new DataError(
      `batches: expected resume.stream to be the place of a pass with shuffleBuffer ${state.shuffleBuffer}, got another.`,
    );
  }
  if (!Number.isInteger(state.position) || state.position < 0) {
    throw new DataError(`batches: expected resume.position to be a whole number of batches, got ${state.position}.`);
  }
}

/** Batches made in this thread. */
export function streamBatches<E extends Example>(stream: DataStream<E>, options: StreamBatchesOptions<E>): StreamBatches<E> {
  const { transform = [], collate = stack, prefetch = 0, ...order } = options;
  const maker = (rng: Rng | undefined): BatchMaker<E, E> => {
    const pipeline = new Pipeline(typeof transform === "function" ? [transform] : transform, rng);
    return (group, { isTolerant }) => {
      const { elements, indices, damaged } = sift(group, { isTolerant });
      if (elements.length === 0) return { batch: undefined, damaged };
      const batch = collate(elements);
      pipeline.apply(batch, indices);
      return { batch, damaged };
    };
  };
  return new StreamBatches<E>(stream, { options: order, making: { maker, prefetch } });
}

/** What is whole of a group, and what is damaged: an error unless that is tolerated. */
export function sift<T>(
  group: readonly Numbered<T>[],
  { isTolerant }: { isTolerant: boolean },
): { elements: T[]; indices: Int32Array; damaged: MadeBatch<never>["damaged"] } {
  const whole = group.filter((item) => "element" in item);
  const damaged = group.filter((item) => "error" in item);
  if (damaged.length > 0 && !isTolerant) throw damaged[0]!.error;
  return { elements: whole.map(({ element }) => element), indices: Int32Array.from(whole, ({ index }) => index), damaged };
}
