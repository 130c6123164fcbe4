/** The working side of batch workers: makes the batches it is asked for, one after the other. */

import { DataError } from "@dl/core";
import { Batches } from "../batches.ts";
import type { Example } from "../dataset.ts";
import type { DamagedExample, PipelineFactory, Reply, Request } from "./protocol.ts";

export interface BatchServerOptions {
  readonly pipeline: unknown;
  readonly input: unknown;
  /** Where the pipeline comes from, for errors. */
  readonly name: string;
  reply(message: Reply, transfer: ArrayBuffer[]): void;
}

/** Opens the pipeline, says so, and returns what answers requests. */
export async function openBatchServer({ pipeline, input, name, reply }: BatchServerOptions): Promise<(request: Request) => void> {
  if (typeof pipeline !== "function") {
    throw new DataError(`openBatchWorkers: expected ${name} to export a function pipeline(input), got ${typeof pipeline}.`);
  }
  const { dataset, transform, collate } = await (pipeline as PipelineFactory)(input);
  let current: { id: number; pass: Batches<Example> } | undefined;
  let damaged: DamagedExample[] = [];
  const answer = async ({ pass: id, plan, position, indices, tolerant }: Request): Promise<void> => {
    try {
      if (current?.id !== id) {
        const { batchSize, dropLast } = plan;
        const onDamaged = tolerant ? (error: Error, index: number) => damaged.push({ index, message: error.message }) : undefined;
        // The order is the other side's: here it would only be drawn in vain.
        const resume = { ...plan, shuffle: null };
        current = { id, pass: new Batches(dataset, { batchSize, dropLast, transform, collate, onDamaged, resume }) };
      }
      damaged = [];
      const batch = await current.pass.readAsync(indices);
      reply({ kind: "batch", pass: id, position, batch, damaged }, buffersOf(batch));
    } catch (error) {
      reply({ kind: "error", pass: id, position, message: describeError(error) }, []);
    }
  };
  reply({ kind: "ready", length: dataset.length }, []);
  // One at a time: the damaged examples of a batch are its own.
  let last = Promise.resolve();
  return (request) => {
    last = last.then(() => answer(request));
  };
}

export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Buffers that hold one field and nothing else: they are handed over, not copied. */
function buffersOf(batch: Example): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of Object.values(batch)) {
    if (data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength) buffers.add(data.buffer);
  }
  return [...buffers];
}
