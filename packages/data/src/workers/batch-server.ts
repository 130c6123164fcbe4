/** The working side of batch workers: makes the batches it is asked for, one after the other. */

import { DataError, DlError, Rng } from "@dl/core";
import { Batches } from "../batches.ts";
import type { Example } from "../dataset.ts";
import { stack } from "../datasets/stack.ts";
import { Pipeline } from "../transforms/transform.ts";
import type {
  AnyPipeline,
  ChangeRequest,
  DamagedExample,
  PipelineFactory,
  ReadRequest,
  Reply,
  Request,
  StreamPipeline,
  WorkerPipeline,
} from "./protocol.ts";

export interface BatchServerOptions {
  readonly pipeline: unknown;
  readonly input: unknown;
  /** Where the pipeline comes from, for errors. */
  readonly name: string;
  reply(message: Reply, transfer: ArrayBuffer[]): void;
}

interface Made {
  readonly batch: Example | undefined;
  readonly damaged: readonly DamagedExample[];
}

/** Opens the pipeline, says so, and returns what answers requests. */
export async function openBatchServer({ pipeline, input, name, reply }: BatchServerOptions): Promise<(request: Request) => void> {
  if (typeof pipeline !== "function") {
    throw new DataError(`openBatchWorkers: expected ${name} to export a function pipeline(input), got ${typeof pipeline}.`);
  }
  const made = (await (pipeline as PipelineFactory)(input)) as AnyPipeline;
  const reader = "dataset" in made ? batchReader(made) : undefined;
  const changer = "change" in made ? batchChanger(made) : undefined;
  if (reader === undefined && changer === undefined) {
    throw new DataError(`openBatchWorkers: expected pipeline(input) of ${name} to give a dataset or a function change, got neither.`);
  }

  const answer = async (request: Request): Promise<void> => {
    const { pass, position } = request;
    try {
      // The other side asks for what was said to be there.
      const { batch, damaged } = await (request.kind === "read" ? reader!(request) : changer!(request));
      reply({ kind: "batch", pass, position, batch, damaged }, buffersOf(batch));
    } catch (error) {
      reply({ kind: "error", pass, position, message: describeError(error) }, []);
    }
  };
  const { length = null, classNames } = "dataset" in made ? made.dataset : {};
  reply({ kind: "ready", length, classNames, changes: changer !== undefined }, []);
  // One at a time: the damaged examples of a batch are its own.
  let last = Promise.resolve();
  return (request) => {
    last = last.then(() => answer(request));
  };
}

function batchReader({ dataset, transform, collate }: WorkerPipeline): (request: ReadRequest) => Promise<Made> {
  let current: { id: number; pass: Batches<Example> } | undefined;
  let damaged: DamagedExample[] = [];
  return async ({ pass: id, plan, indices, occurrences, tolerant }) => {
    if (current?.id !== id) {
      const { batchSize, dropLast } = plan;
      const onDamaged = tolerant ? (error: Error, index: number) => damaged.push({ index, message: error.message }) : undefined;
      // The order is the other side's: here it would only be drawn in vain.
      const resume = { ...plan, shuffle: null, ordered: false, position: 0 };
      current = { id, pass: new Batches(dataset, { batchSize, dropLast, transform, collate, onDamaged, resume }) };
    }
    damaged = [];
    return { batch: await current.pass.readAsync(indices, { occurrences }), damaged };
  };
}

function batchChanger({ change, transform = [], collate = stack }: StreamPipeline<Example>): (request: ChangeRequest) => Promise<Made> {
  const transforms = typeof transform === "function" ? [transform] : transform;
  let current: { id: number; pipeline: Pipeline<Example> } | undefined;
  return async ({ pass: id, rng, elements, indices, tolerant }) => {
    // Every worker draws the same keys from the pass's stream.
    if (current?.id !== id) current = { id, pipeline: new Pipeline(transforms, rng === null ? undefined : Rng.fromState(rng)) };
    const results = await Promise.allSettled(elements.map(async (element, i) => change(element as never, indices[i]!)));
    const examples: Example[] = [];
    const kept: number[] = [];
    const damaged: DamagedExample[] = [];
    for (const [i, result] of results.entries()) {
      const index = indices[i]!;
      if (result.status === "fulfilled") {
        examples.push(result.value);
        kept.push(index);
      } else if (!tolerant || !(result.reason instanceof DataError)) throw result.reason;
      else damaged.push({ index, message: result.reason.message });
    }
    if (examples.length === 0) return { batch: undefined, damaged };
    const batch = collate(examples);
    current.pipeline.apply(batch, Int32Array.from(kept));
    return { batch, damaged };
  };
}

/** The message of what is wrong with the data; of anything else, a fault in the pipeline, the stack as well. */
export function describeError(error: unknown): string {
  if (error instanceof DlError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Buffers that hold one field and nothing else: they are handed over, not copied. */
function buffersOf(batch: Example | undefined): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of Object.values(batch ?? {})) {
    if (data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength) buffers.add(data.buffer);
  }
  return [...buffers];
}
