/** A worker as the thread that uses its batches sees it. */

import { DataError } from "@dl/core";
import type { Example } from "../dataset.ts";
import type { DamagedExample, Reply, Request, WorkerPort } from "./protocol.ts";

export type PipelineForm = Pick<Extract<Reply, { kind: "ready" }>, "length" | "classNames" | "changes">;

export interface WorkerBatch {
  /** Undefined where all of its examples are damaged. */
  readonly batch: Example | undefined;
  readonly damaged: readonly DamagedExample[];
}

/** One worker and the batches it owes. */
export class BatchThread {
  /** What its pipeline can do. */
  readonly ready: Promise<PipelineForm>;
  readonly #port: WorkerPort;
  readonly #owed = new Map<string, { resolve: (batch: WorkerBatch) => void; reject: (error: Error) => void }>();
  #failure: Error | undefined;

  constructor(port: WorkerPort) {
    this.#port = port;
    this.ready = new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        this.#failure ??= error;
        reject(this.#failure);
        for (const { reject: rejectBatch } of this.#owed.values()) rejectBatch(this.#failure);
        this.#owed.clear();
      };
      port.listen({
        onMessage: (reply) => {
          if (reply.kind === "ready") resolve(reply);
          else if (reply.kind === "failed") fail(new DataError(reply.message));
          else this.#settle(reply);
        },
        onFailure: fail,
      });
    });
    this.ready.catch(() => {});
  }

  request(request: Request): Promise<WorkerBatch> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const key = `${request.pass} ${request.position}`;
      this.#owed.set(key, { resolve, reject });
      try {
        this.#port.post(request);
      } catch (error) {
        this.#owed.delete(key);
        reject(
          new DataError(
            `BatchWorkers.batches: expected a stream of elements that can be sent to a thread, such as bytes, text or plain records, got: ${error instanceof Error ? error.message : String(error)}.`,
          ),
        );
      }
    });
  }

  async close(): Promise<void> {
    await this.#port.terminate();
    const closed = new DataError("batch worker: expected it to run on, got close().");
    this.#failure ??= closed;
    for (const { reject } of this.#owed.values()) reject(closed);
    this.#owed.clear();
  }

  #settle(reply: Extract<Reply, { kind: "batch" | "error" }>): void {
    const key = `${reply.pass} ${reply.position}`;
    const owed = this.#owed.get(key);
    this.#owed.delete(key);
    if (reply.kind === "batch") owed?.resolve(reply);
    else owed?.reject(new DataError(reply.message));
  }
}
