/** What a thread that makes batches and the one that uses them say to each other. */

import type { BatchesState } from "../batches.ts";
import type { Collate } from "../collate/pad-fields.ts";
import type { Dataset, Example } from "../dataset.ts";
import type { Transform } from "../transforms/transform.ts";

/** What a worker module exports as `pipeline`: it runs once in every worker. */
export type PipelineFactory<E extends Example = Example> = (input: unknown) => WorkerPipeline<E> | Promise<WorkerPipeline<E>>;

export interface WorkerPipeline<E extends Example = Example> {
  readonly dataset: Dataset<E>;
  readonly transform?: Transform<E> | readonly Transform<E>[] | undefined;
  readonly collate?: Collate<E> | undefined;
}

/** Asks for one batch. The examples are named: only the thread that uses the batches knows the order. */
export interface Request {
  readonly pass: number;
  readonly plan: BatchesState;
  readonly position: number;
  readonly indices: Int32Array;
  /** Leaves out examples that cannot be read. */
  readonly tolerant: boolean;
}

export interface DamagedExample {
  readonly index: number;
  readonly message: string;
}

export type Reply =
  | { readonly kind: "ready"; readonly length: number }
  | { readonly kind: "failed"; readonly message: string }
  | {
      readonly kind: "batch";
      readonly pass: number;
      readonly position: number;
      readonly batch: Example;
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
