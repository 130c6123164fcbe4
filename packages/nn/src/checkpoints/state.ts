/** A model's state, out as host tensors and in from any file: names are module paths. */

import { type Cell, CheckpointError, formatShape, type HostTensor, isFloat, sameShape } from "@dl/core";
import { checkChoice } from "../check-choice.ts";
import type { Module } from "../module.ts";
import { fromStored } from "../safetensors/convert.ts";
import type { StoredTensor } from "../safetensors/stored-tensor.ts";

/** Tensors by name, read from a file or at hand. */
export type NamedTensors = ReadonlyMap<string, HostTensor | StoredTensor>;

/** Every parameter and buffer by path, outside `compute`: ready for `writeSafetensors`. */
export async function readState(model: Module): Promise<Map<string, HostTensor>> {
  const tensors = new Map<string, HostTensor>();
  for (const [path, cell] of model.state()) tensors.set(path, await cell.read());
  return tensors;
}

/** Where a file's tensor goes, and how its layout becomes ours. */
export interface Mapped {
  /** Path in the model. */
  readonly path: string;
  /** Such as a transposition. Default as it is. */
  readonly convert?: (tensor: HostTensor) => HostTensor;
}

export interface LoadStateOptions {
  /** Every tensor of the file must have its place, and every place its tensor. Default true. */
  strict?: boolean;
  /** What to do with NaN in a float tensor: a run that diverged leaves such files. Default `refuse`. */
  nan?: "refuse" | "accept";
  /** Names the file in errors. Default none. */
  file?: string | undefined;
  /** Our path for the file's name; `undefined` leaves the tensor out. Default: names are paths. */
  map?: (name: string) => Mapped | string | undefined;
}

/** What `loadState` left alone when it was not strict. */
export interface LoadReport {
  /** Paths of the model without a tensor. */
  readonly missing: readonly string[];
  /** Names of the file without a place. */
  readonly unexpected: readonly string[];
}

/**
 * Loads a model's state; nothing is changed unless everything fits.
 *
 * @throws CheckpointError that lists missing, unexpected and mis-shaped tensors.
 * @example
 * loadState(model, readTensors(bytes));
 * loadState(model, weights, { map: (name) => (name.endsWith("num_batches_tracked") ? undefined : name) });
 */
export function loadState(model: Module, tensors: NamedTensors, options: LoadStateOptions = {}): LoadReport {
  const { report, apply } = planLoad(model, tensors, options);
  apply();
  return report;
}

/** Checks everything `loadState` checks, and leaves the loading to `apply`: several models change together or not at all. */
export function planLoad(
  model: Module,
  tensors: NamedTensors,
  { strict = true, nan = "refuse", file, map = (name) => name }: LoadStateOptions,
): { report: LoadReport; apply: () => void } {
  checkChoice("loadState", ["nan", nan], { of: ["refuse", "accept"] });
  const where = `${file === undefined ? "" : `${file}: `}loadState ${model.constructor.name}`;
  const state = model.state();
  const found = new Map<string, { cell: Cell; tensor: HostTensor }>();
  const unexpected: string[] = [];
  const faults: string[] = [];
  for (const [name, tensor] of tensors) {
    const target = map(name);
    if (target === undefined) continue;
    const { path, convert } = typeof target === "string" ? { path: target } : target;
    const cell = state.get(path);
    if (cell === undefined) {
      unexpected.push(path === name ? name : `${name} (as ${path})`);
      continue;
    }
    if (found.has(path)) faults.push(`${path}: given twice, the second time by ${name}`);
    const host = "bytes" in tensor ? fromStored(tensor, { name }) : tensor;
    const converted = convert ? convert(host) : host;
    const fault = misfit(cell, converted) ?? (nan === "refuse" ? nanIn(converted) : undefined);
    if (fault !== undefined) faults.push(`${path}: ${fault}`);
    found.set(path, { cell, tensor: converted });
  }
  const missing = [...state.keys()].filter((path) => !found.has(path));
  if (strict && missing.length > 0) faults.push(`missing: ${list(missing)}`);
  if (strict && unexpected.length > 0) faults.push(`unexpected: ${list(unexpected)}`);
  if (faults.length > 0) {
    const advice = strict ? " Map the names with `map`, or load what fits with `strict: false`." : "";
    throw new CheckpointError(`${where}: expected the tensors of the model, got others: ${faults.join("; ")}.${advice}`);
  }
  const apply = (): void => {
    for (const { cell, tensor } of found.values()) cell.load(tensor);
  };
  return { report: { missing, unexpected }, apply };
}

function misfit(cell: Cell, { shape, dtype }: HostTensor): string | undefined {
  if (!sameShape(cell.shape, shape)) return `expected shape ${formatShape(cell.shape)}, got ${formatShape(shape)}`;
  const fits = cell.dtype === "float32" ? isFloat(dtype) : cell.dtype === dtype;
  return fits ? undefined : `expected ${cell.dtype}, got ${dtype}`;
}

function nanIn({ data }: HostTensor): string | undefined {
  let at = 0;
  while (at < data.length && !Number.isNaN(data[at]!)) at++;
  if (at === data.length) return undefined;
  return `holds NaN, first at element ${at}: the run that saved it had diverged, take an earlier file (or accept it with nan: "accept")`;
}

/** The first names; a model has hundreds. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(", ");
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown;
}
