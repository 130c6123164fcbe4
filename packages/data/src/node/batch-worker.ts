/** The thread at the other end of `openBatchWorkers`: makes the batches it is asked for. */

import { parentPort, workerData } from "node:worker_threads";
import { DataError } from "@dl/core";
import { Batches, type BatchesState } from "../batches.ts";
import type { Example } from "../dataset.ts";
import type { WorkerPipeline } from "./batch-workers.ts";

export interface Request {
  readonly pass: number;
  readonly plan: BatchesState;
  readonly position: number;
}

export type Reply =
  | { readonly kind: "ready"; readonly length: number }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "batch"; readonly pass: number; readonly position: number; readonly batch: Example }
  | { readonly kind: "error"; readonly pass: number; readonly position: number; readonly message: string };

const reply = (message: Reply, transfer: ArrayBuffer[] = []): void => parentPort!.postMessage(message, transfer);
const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function main(): Promise<void> {
  const { module, input } = workerData as { module: string; input: unknown };
  const { dataset, transform } = await openPipeline(module, input);
  let current: { id: number; pass: Batches<Example> } | undefined;
  parentPort!.on("message", ({ pass: id, plan, position }: Request) => {
    try {
      if (current?.id !== id) {
        const { batchSize, dropLast } = plan;
        current = { id, pass: new Batches(dataset, { batchSize, dropLast, transform, resume: plan }) };
      }
      const batch = current.pass.at(position);
      reply({ kind: "batch", pass: id, position, batch }, buffersOf(batch));
    } catch (error) {
      reply({ kind: "error", pass: id, position, message: describe(error) });
    }
  });
  reply({ kind: "ready", length: dataset.length });
}

async function openPipeline(module: string, input: unknown): Promise<WorkerPipeline> {
  const { pipeline } = (await import(module)) as { pipeline?: unknown };
  if (typeof pipeline !== "function") {
    throw new DataError(`openBatchWorkers: expected ${module} to export a function pipeline(input), got ${typeof pipeline}.`);
  }
  return pipeline(input);
}

/** Buffers that hold one field and nothing else: they are handed over, not copied. */
function buffersOf(batch: Example): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of Object.values(batch)) {
    if (data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength) buffers.add(data.buffer);
  }
  return [...buffers];
}

main().catch((error: unknown) => reply({ kind: "failed", message: describe(error) }));
