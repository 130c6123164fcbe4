/** A whole run in one safetensors file: models, optimizers, step, random numbers, data position, metrics. */

import { CheckpointError, type HostTensor, OptionError, type RngState } from "@dl/core";
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
  /** Checks everything `load` checks, changes nothing, and returns what does it. Without it a run whose checkpoint does not fit may be loaded in part. */
  planLoad?(model: Module, state: OptimizerState): () => void;
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
 * @throws OptionError for names of models and optimizers with dots, and for a step that is no whole number ≥ 0.
 * @example
 * await writeFileAtomically(path, [await writeCheckpoint({ models: { model }, optimizers: { adam: { optimizer, model } } }, { step })]);
 */
export async function writeCheckpoint({ models, optimizers = {} }: Run, progress: Progress): Promise<Uint8Array> {
  for (const name of [...Object.keys(models), ...Object.keys(optimizers)]) {
    if (name.includes("."))
      throw new OptionError(`writeCheckpoint: expected names of models and optimizers without dots, got ${JSON.stringify(name)}.`);
  }
  if (!isCount(progress.step)) throw new OptionError(`writeCheckpoint: expected a step, a whole number ≥ 0, got ${String(progress.step)}.`);
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
 * Puts a run back where `writeCheckpoint` found it, and returns the rest of it; nothing is changed unless everything fits.
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
  // A model without parameters has no tensor to be found by.
  const expected = Object.keys(models).filter((name) => models[name]!.state().size > 0);
  sameNames(file, "models", { expected, got: firstParts(tensors, "model.") });
  sameNames(file, "optimizers", { expected: Object.keys(optimizers), got: Object.keys(optimizerSteps) });
  const plans = Object.entries(models).map(([name, model]) => planLoad(model, under(tensors, `model.${name}.`), { file }));
  const loads = Object.entries(optimizers).map(([name, { optimizer, model }]) => {
    const slots = new Map([...under(tensors, `optimizer.${name}.`)].map(([path, tensor]) => [path, fromStored(tensor, { name: path })]));
    const state = { step: optimizerSteps[name]!, tensors: slots };
    try {
      return optimizer.planLoad?.(model, state) ?? (() => optimizer.load(model, state));
    } catch (error) {
      if (error instanceof CheckpointError) error.message = `${file}: optimizer ${name}: ${error.message}`;
      throw error;
    }
  });
  const extra = [...under(tensors, "extra.")].map(([name, tensor]) => [name, fromStored(tensor, { name })] as const);
  // Last: by now nothing can go wrong.
  for (const load of loads) load();
  for (const { apply } of plans) apply();
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
    if (!isCount(run.step)) throw new Error(`step is ${run.step}`);
    for (const part of ["rngs", "extra", "metrics", "optimizerSteps"] as const) {
      if (!isRecord(run[part] ?? {})) throw new Error(`${part} is ${JSON.stringify(run[part])}`);
    }
    const metrics = Object.fromEntries(Object.entries(run.metrics).map(([name, value]) => [name, Number(value)]));
    return { step: run.step, rngs: run.rngs ?? {}, extra: run.extra ?? {}, metrics, optimizerSteps: run.optimizerSteps ?? {} };
  } catch (error) {
    throw new CheckpointError(`${file}: metadata "run" is not what writeCheckpoint writes: ${String(error)}.`, { cause: error });
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
