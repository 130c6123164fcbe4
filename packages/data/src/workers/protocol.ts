/** What a thread that makes batches and the one that uses them say to each other. */

import type { RngState } from "@dl/core";
import type { BatchesState } from "../batches.ts";
import type { Collate } from "../collate/pad-fields.ts";
import type { Dataset, Example } from "../dataset.ts";
import type { Transform } from "../transforms/transform.ts";

/** What a worker module exports as `pipeline`: it runs once in every worker. */
export type PipelineFactory<E extends Example = Example> = (input: unknown) => AnyPipeline<E> | Promise<AnyPipeline<E>>;

export type AnyPipeline<E extends Example = Example> = WorkerPipeline<E> | StreamPipeline<E>;

/** Makes batches of a dataset that every worker holds. */
export interface WorkerPipeline<E extends Example = Example> {
  readonly dataset: Dataset<E>;
  readonly transform?: Transform<E> | readonly Transform<E>[] | undefined;
  readonly collate?: Collate<E> | undefined;
}

/** Makes batches of what the other thread reads from a stream and sends here, such as the bytes of images. */
export interface StreamPipeline<E extends Example = Example, T = never> {
  /** An example of an element; `index` is its number in the stream. It must give the same for the same element. */
  change(element: T, index: number): E | Promise<E>;
  readonly transform?: Transform<E> | readonly Transform<E>[] | undefined;
  readonly collate?: Collate<E> | undefined;
}

/** Asks for one batch. */
export type Request = ReadRequest | ChangeRequest;

/** The examples are named: only the thread that uses the batches knows the order. */
export interface ReadRequest {
  readonly kind: "read";
  readonly pass: number;
  readonly plan: BatchesState;
  readonly position: number;
  readonly indices: Int32Array;
  /** How often each came before in the pass; undefined where none comes again. */
  readonly occurrences: Int32Array | undefined;
  /** Leaves out examples that cannot be read. */
  readonly tolerant: boolean;
}

/** The elements come along. */
export interface ChangeRequest {
  readonly kind: "change";
  readonly pass: number;
  readonly position: number;
  /** What the pass's random transforms draw from. */
  readonly rng: RngState | null;
  readonly elements: readonly unknown[];
  /** The number of each element. */
  readonly indices: Int32Array;
  /** Leaves out elements that are damaged. */
  readonly tolerant: boolean;
}

export interface DamagedExample {
  readonly index: number;
  readonly message: string;
}

export type Reply =
  /** `length` of its dataset, null where it has none, and the names of its classes where it tells them. */
  | {
      readonly kind: "ready";
      readonly length: number | null;
      readonly classNames?: readonly string[] | undefined;
      readonly changes: boolean;
    }
  | { readonly kind: "failed"; readonly message: string }
  | {
      readonly kind: "batch";
      readonly pass: number;
      readonly position: number;
      /** Undefined where all of its examples are damaged. */
      readonly batch: Example | undefined;
      readonly damaged: readonly DamagedExample[];
    }
  | { readonly kind: "error"; readonly pass: number; readonly position: number; readonly message: string };

/** A thread, whatever the platform calls it. */
export interface WorkerPort {
  post(message: Request): void;
  /** `onFailure` is called when the thread can answer no more. */
  listen(listeners: { onMessage(reply: Reply): void; onFailure(error: Error): void }): void;
  terminate(): Promise<void>;
}
