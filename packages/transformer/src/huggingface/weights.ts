/** A model's weights under the names, and in the layouts, of Hugging Face's transformers. */

import { CheckpointError, type HostTensor, hostTensor, permuteHost, sameShape, sizeOf } from "@dl/core";
import { Conv2d, fromStored, Linear, loadState, type Mapped, type Module, type NamedTensors, readState } from "@dl/nn";
import { isWithin } from "../module-paths.ts";
import type { JsonObject } from "./config.ts";
import type { HuggingFaceNames, Pretrained } from "./pretrained.ts";

/** The name in transformers of the tensor at `path`, without its file's prefix. */
export function huggingFaceName(path: string, { table }: HuggingFaceNames): string {
  const parts = path.split(".");
  for (let length = parts.length; length > 0; length--) {
    const start = parts.slice(0, length);
    const numbers = start.filter(isNumber);
    const pattern = start.map((part) => (isNumber(part) ? "#" : part)).join(".");
    const theirs = Object.hasOwn(table, pattern) ? table[pattern] : undefined;
    if (theirs === undefined) continue;
    let next = 0;
    const renamed = theirs.replace(/#/g, () => numbers[next++]!);
    return [renamed, ...parts.slice(length)].join(".");
  }
  throw new CheckpointError(`huggingFaceName: expected a path of the model's table of names, got ${JSON.stringify(path)}.`);
}

function isNumber(part: string): boolean {
  return /^\d+$/.test(part);
}

/** How a tensor of ours lies in a file, and back. */
interface Layout {
  readonly toOurs: (tensor: HostTensor) => HostTensor;
  readonly toTheirs: (tensor: HostTensor) => HostTensor;
}

function layoutOf(path: string, model: Module, { untransposed, leadingOnes = {} }: HuggingFaceNames): Layout | undefined {
  const ones = leadingOnes[path];
  if (ones !== undefined) {
    const front = Array.from({ length: ones }, () => 1);
    return {
      toOurs: ({ shape, ...rest }) => ({ ...rest, shape: front.every((size, i) => shape[i] === size) ? shape.slice(ones) : shape }),
      toTheirs: ({ shape, ...rest }) => ({ ...rest, shape: [...front, ...shape] }),
    };
  }
  const dot = path.lastIndexOf(".");
  if (path.slice(dot + 1) !== "weight" || untransposed?.test(path)) return undefined;
  const owner = model.modules.get(path.slice(0, dot));
  if (owner instanceof Linear) return { toOurs: transposed, toTheirs: transposed };
  if (owner instanceof Conv2d) return { toOurs: kernelToOurs, toTheirs: kernelToTheirs };
  return undefined;
}

/** `[a, b]` → `[b, a]` */
function transposed(matrix: HostTensor): HostTensor {
  return matrix.shape.length === 2 ? permuteHost(matrix, [1, 0]) : matrix;
}

/** `[out, in, h, w]` → `[h, w, in, out]` */
function kernelToOurs(kernel: HostTensor): HostTensor {
  return kernel.shape.length === 4 ? permuteHost(kernel, [2, 3, 1, 0]) : kernel;
}

/** `[h, w, in, out]` → `[out, in, h, w]` */
function kernelToTheirs(kernel: HostTensor): HostTensor {
  return permuteHost(kernel, [3, 2, 0, 1]);
}

/** A tensor in transformers' layout, as the one at `path` of the model, or a gradient by it. */
export function toHuggingFace(tensor: HostTensor, { path, model }: { path: string; model: Pretrained }): HostTensor {
  return layoutOf(path, model, model.huggingFace)?.toTheirs(tensor) ?? tensor;
}

/** The way back of `toHuggingFace`. */
export function toOurs(tensor: HostTensor, { path, model }: { path: string; model: Pretrained }): HostTensor {
  return layoutOf(path, model, model.huggingFace)?.toOurs(tensor) ?? tensor;
}

/** What a name of a file stands for in the model: a place, `transformers:<name>` for none, undefined where it is not needed. */
function placesOf(model: Pretrained): (name: string) => Mapped | string | undefined {
  const { huggingFace: names } = model;
  const places = new Map<string, Mapped>();
  for (const path of model.state().keys()) {
    const layout = layoutOf(path, model, names);
    places.set(huggingFaceName(path, names), layout ? { path, convert: layout.toOurs } : { path });
  }
  const { prefix, ignored = [], copies = [] } = names;
  return (name) => {
    if (ignored.some((pattern) => pattern.test(name)) || copies.some((copy) => copy.name.test(name))) return undefined;
    const current = (names.aliases ?? []).reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), name);
    const bare = current.startsWith(`${prefix}.`) ? current.slice(prefix.length + 1) : `${prefix}.${current}`;
    // A name that is no place's must not hit one of our paths by chance: those are in our layout.
    return places.get(current) ?? (prefix === "" ? undefined : places.get(bare)) ?? `transformers:${name}`;
  };
}

/** The tensors, and zeros for those that may be left out. */
function withZeros(model: Pretrained, tensors: NamedTensors, place: ReturnType<typeof placesOf>): NamedTensors {
  const { zeros = [] } = model.huggingFace;
  if (zeros.length === 0) return tensors;
  const given = new Set([...tensors.keys()].map((name) => pathOf(place(name))));
  const state = model.state();
  const more = zeros
    .filter((path) => !given.has(path))
    .map((path) => {
      const { shape } = state.get(path)!;
      return [huggingFaceName(path, model.huggingFace), hostTensor(new Float32Array(sizeOf(shape)), shape)] as const;
    });
  return new Map([...tensors, ...more]);
}

function pathOf(target: Mapped | string | undefined): string | undefined {
  return typeof target === "object" ? target.path : undefined;
}

/** The file's names of tensors whose place, in one of the modules at `paths`, has another shape; by our path. */
export function otherShapes(model: Pretrained, tensors: NamedTensors, paths: readonly string[]): Map<string, string> {
  const place = placesOf(model);
  const state = model.state();
  const found = new Map<string, string>();
  for (const [name, tensor] of tensors) {
    const path = pathOf(place(name));
    if (path === undefined || !isWithin(path, paths)) continue;
    const { shape } = toOurs("bytes" in tensor ? fromStored(tensor, { name }) : tensor, { path, model });
    if (!sameShape(shape, state.get(path)!.shape)) found.set(path, name);
  }
  return found;
}

/** A copy in a file that is not what it should be a copy of. */
export interface DifferentCopy {
  readonly name: string;
  /** The name of the shared weights in the file. */
  readonly of: string;
  readonly untied: JsonObject | undefined;
}

/**
 * The copies of shared weights in a file that differ from those: with them the file's model gives other outputs than with the shared ones.
 * transformers 5 does not tie such weights either, whatever the configuration says.
 */
export function differentCopies(model: Pretrained, tensors: NamedTensors): DifferentCopy[] {
  const { copies = [] } = model.huggingFace;
  const given = copies.flatMap((copy) => [...tensors.keys()].flatMap((name) => (copy.name.test(name) ? [{ ...copy, name }] : [])));
  if (given.length === 0) return [];
  const place = placesOf(model);
  const sources = new Map<string, string>();
  for (const name of tensors.keys()) {
    const path = pathOf(place(name));
    if (path !== undefined) sources.set(path, name);
  }
  const read = (name: string): HostTensor => {
    const tensor = tensors.get(name)!;
    return "bytes" in tensor ? fromStored(tensor, { name }) : tensor;
  };
  return given.flatMap(({ name, path, untied }) => {
    const of = sources.get(path);
    return of === undefined || isSame(read(name), read(of)) ? [] : [{ name, of, untied }];
  });
}

function isSame(a: HostTensor, b: HostTensor): boolean {
  if (!sameShape(a.shape, b.shape)) return false;
  // NaN is told where it is loaded.
  for (let i = 0; i < a.data.length; i++) {
    if (a.data[i] !== b.data[i] && !(Number.isNaN(a.data[i]) && Number.isNaN(b.data[i]))) return false;
  }
  return true;
}

/**
 * Loads weights by transformers' names; nothing is changed unless everything fits. A file of the bare model may be loaded into a model
 * with a head, and the other way round, with `strict: false`.
 *
 * @param options.strict  Every tensor must have its place, and every place its tensor. Default true.
 * @param options.file    Names the file in errors.
 * @throws CheckpointError that lists missing, unexpected and mis-shaped tensors, or names a copy of shared weights that is none.
 * @returns Our paths without a tensor, and the file's names without a place.
 */
export function loadHuggingFaceState(
  model: Pretrained,
  tensors: NamedTensors,
  { strict = true, file }: { strict?: boolean; file?: string | undefined } = {},
): { missing: readonly string[]; unexpected: readonly string[] } {
  const [other] = differentCopies(model, tensors);
  if (other) {
    const advice = other.untied
      ? `Make the model with ${JSON.stringify(other.untied)} in its configuration: then it has them.`
      : "Weights of its own are not here.";
    throw new CheckpointError(
      `${file === undefined ? "" : `${file}: `}loadHuggingFaceState ${model.constructor.name}: expected ${other.name} to be ${other.of} again, as the model shares them, got other values. ${advice}`,
    );
  }
  const map = placesOf(model);
  const { missing, unexpected } = loadState(model, withZeros(model, tensors, map), { strict, file, map });
  return { missing, unexpected: unexpected.map((name) => name.replace(/ \(as transformers:.*\)$/, "")) };
}

/** The model's weights under transformers' names and in its layouts: `from_pretrained` takes them. */
export async function huggingFaceState(model: Pretrained): Promise<Map<string, HostTensor>> {
  const tensors = new Map<string, HostTensor>();
  for (const [path, tensor] of await readState(model)) {
    tensors.set(huggingFaceName(path, model.huggingFace), toHuggingFace(tensor, { path, model }));
  }
  return tensors;
}
