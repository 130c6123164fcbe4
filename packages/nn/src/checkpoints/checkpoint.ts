/** A whole run in one safetensors file: models, optimizers, step, random numbers, data position, metrics. */

import { CheckpointError, type HostTensor, type RngState } from "@dl/core";
import type { Module } from "../module.ts";
import type { OptimizerState } from "../optimizers/optimizer.ts";
import { fromStored } from "../safetensors/convert.ts";
import { readSafetensors, writeSafetensors } from "../safetensors/safetensors.ts";
import type { StoredTensor } from "../safetensors/stored-tensor.ts";
import { planLoad, readState } from "./state.ts";

/** Plain data, as JSON keeps it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What has a step count and tensors named by a model's paths: an optimizer, a weight average. */
export interface Stateful {
  read(model: Module): Promise<OptimizerState>;
  load(model: Module, state: OptimizerState): void;
}

/** The live objects of a run, by names of your choice. */
export interface Run {
  readonly models: Readonly<Record<string, Module>>;
  /** Each with the model whose parameters it moves. Default none. */
  readonly optimizers?: Readonly<Record<string, { readonly optimizer: Stateful; readonly model: Module }>>;
}

/** Everything else a run needs to go on as if it had never stopped. */
export interface Progress {
  readonly step: number;
  /** Random streams by name: `rng.state`. */
  readonly rngs?: Readonly<Record<string, RngState>>;
  /** Such as the state of the data iterator, of schedules, of callbacks; plain JSON. */
  readonly extra?: Readonly<Record<string, Json>>;
  readonly metrics?: Readonly<Record<string, number>>;
  /** More tensors by name, such as the best weights so far. */
  readonly tensors?: ReadonlyMap<string, HostTensor>;
}

const format = "dl-checkpoint-1";

/**
 * The run as the bytes of a safetensors file: tensors are `model.<name>.<path>`, `optimizer.<name>.<path>.<slot>` and `extra.<name>`.
 *
 * @example
 * await writeFileAtomically(path, [await writeCheckpoint({ models: { model }, optimizers: { adam: { optimizer, model } } }, { step })]);
 */
export async function writeCheckpoint({ models, optimizers = {} }: Run, progress: Progress): Promise<Uint8Array> {
  const tensors = new Map<string, HostTensor>();
  for (const [name, model] of Object.entries(models)) {
    for (const [path, tensor] of await readState(model)) tensors.set(`model.${name}.${path}`, tensor);
  }
  const steps: Record<string, number> = {};
  for (const [name, { optimizer, model }] of Object.entries(optimizers)) {
    const state = await optimizer.read(model);
    steps[name] = state.step;
    for (const [path, tensor] of state.tensors) tensors.set(`optimizer.${name}.${path}`, tensor);
  }
  for (const [name, tensor] of progress.tensors ?? []) tensors.set(`extra.${name}`, tensor);
  // NaN and infinities are metrics too, and JSON has none.
  const metrics = Object.fromEntries(Object.entries(progress.metrics ?? {}).map(([name, value]) => [name, String(value)]));
  const { tensors: _, ...rest } = progress;
  const run = { ...rest, metrics, optimizerSteps: steps };
  return writeSafetensors(tensors, { metadata: { format, run: JSON.stringify(run) } });
}

/**
 * Puts a run back where `writeCheckpoint` found it, and returns the rest of it.
 *
 * @param options.file  Names the file in errors. Default `checkpoint`.
 * @throws CheckpointError when the file is damaged, or of another run.
 * @example
 * const { step, rngs } = readCheckpoint(bytes, { models: { model }, optimizers: { adam: { optimizer, model } } });
 */
export function readCheckpoint(
  bytes: Uint8Array,
  { models, optimizers = {} }: Run,
  { file = "checkpoint" }: { file?: string } = {},
): Required<Progress> {
  const { metadata, tensors } = readSafetensors(bytes, { file });
  if (metadata.get("format") !== format) {
    throw new CheckpointError(
      `${file}: expected a checkpoint of a run (format ${format}), got ${metadata.get("format") ?? "another safetensors file"}. Load weights alone with loadState.`,
    );
  }
  const { optimizerSteps, ...progress } = parseRun(metadata.get("run"), file);
  sameNames(file, "models", { expected: Object.keys(models), got: firstParts(tensors, "model.") });
  sameNames(file, "optimizers", { expected: Object.keys(optimizers), got: Object.keys(optimizerSteps) });
  const plans = Object.entries(models).map(([name, model]) => planLoad(model, under(tensors, `model.${name}.`), { file }));
  for (const [name, { optimizer, model }] of Object.entries(optimizers)) {
    const slots = new Map([...under(tensors, `optimizer.${name}.`)].map(([path, tensor]) => [path, fromStored(tensor, { name: path })]));
    try {
      optimizer.load(model, { step: optimizerSteps[name]!, tensors: slots });
    } catch (error) {
      if (error instanceof CheckpointError) error.message = `${file}: optimizer ${name}: ${error.message}`;
      throw error;
    }
  }
  // Last: by now nothing can go wrong.
  for (const { apply } of plans) apply();
  const extra = [...under(tensors, "extra.")].map(([name, tensor]) => [name, fromStored(tensor, { name })] as const);
  return { ...progress, tensors: new Map(extra) };
}

function under(tensors: ReadonlyMap<string, StoredTensor>, prefix: string): Map<string, StoredTensor> {
  return new Map([...tensors].filter(([name]) => name.startsWith(prefix)).map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

function firstParts(tensors: ReadonlyMap<string, StoredTensor>, prefix: string): string[] {
  return [...new Set([...under(tensors, prefix).keys()].map((name) => name.split(".", 1)[0]!))];
}

function sameNames(file: string, what: string, { expected, got }: { expected: readonly string[]; got: readonly string[] }): void {
  if ([...expected].sort().join() !== [...got].sort().join()) {
    throw new CheckpointError(`${file}: expected ${what} [${expected.join(", ")}], got [${got.join(", ")}]. It is of another run.`);
  }
}

function parseRun(
  text: string | undefined,
  file: string,
): Required<Omit<Progress, "tensors">> & { optimizerSteps: Record<string, number> } {
  try {
    const run = JSON.parse(text ?? "") as Progress & { metrics: Record<string, string>; optimizerSteps: Record<string, number> };
    if (!Number.isInteger(run.step)) throw new Error(`step is ${run.step}`);
    const metrics = Object.fromEntries(Object.entries(run.metrics).map(([name, value]) => [name, Number(value)]));
    return { step: run.step, rngs: run.rngs ?? {}, extra: run.extra ?? {}, metrics, optimizerSteps: run.optimizerSteps };
  } catch (error) {
    throw new CheckpointError(`${file}: metadata "run" is not what writeCheckpoint writes: ${String(error)}.`, { cause: error });
  }
}
