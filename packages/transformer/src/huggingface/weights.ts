/** A model's weights under the names, and in the layouts, of Hugging Face's transformers. */

import { CheckpointError, type HostTensor, hostTensor } from "@dl/core";
import { Conv2d, Linear, loadState, type Mapped, type Module, type NamedTensors, readState } from "@dl/nn";
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
function transposed({ shape, data, dtype }: HostTensor): HostTensor {
  if (shape.length !== 2) return { shape, data, dtype };
  const [rows, columns] = shape as readonly [number, number];
  const turned = data.slice();
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) turned[c * rows + r] = data[r * columns + c]!;
  return { shape: [columns, rows], data: turned, dtype };
}

/** `[out, in, h, w]` → `[h, w, in, out]` */
function kernelToOurs(kernel: HostTensor): HostTensor {
  if (kernel.shape.length !== 4) return kernel;
  const [outputs, inputs, height, width] = kernel.shape as readonly [number, number, number, number];
  const pixels = height * width;
  const data = Float32Array.from({ length: kernel.data.length }, (_, i) => {
    const output = i % outputs;
    const input = Math.floor(i / outputs) % inputs;
    return kernel.data[(output * inputs + input) * pixels + Math.floor(i / (outputs * inputs))]!;
  });
  return hostTensor(data, [height, width, inputs, outputs]);
}

/** `[h, w, in, out]` → `[out, in, h, w]` */
function kernelToTheirs(kernel: HostTensor): HostTensor {
  const [height, width, inputs, outputs] = kernel.shape as readonly [number, number, number, number];
  const pixels = height * width;
  const data = Float32Array.from({ length: kernel.data.length }, (_, i) => {
    const pixel = i % pixels;
    const input = Math.floor(i / pixels) % inputs;
    return kernel.data[(pixel * inputs + input) * outputs + Math.floor(i / (pixels * inputs))]!;
  });
  return hostTensor(data, [outputs, inputs, height, width]);
}

/** A tensor in transformers' layout, as the one at `path` of the model, or a gradient by it. */
export function toHuggingFace(tensor: HostTensor, { path, model }: { path: string; model: Pretrained }): HostTensor {
  return layoutOf(path, model, model.huggingFace)?.toTheirs(tensor) ?? tensor;
}

/** The way back of `toHuggingFace`. */
export function toOurs(tensor: HostTensor, { path, model }: { path: string; model: Pretrained }): HostTensor {
  return layoutOf(path, model, model.huggingFace)?.toOurs(tensor) ?? tensor;
}

/**
 * Loads weights by transformers' names; nothing is changed unless everything fits. A file of the bare model may be loaded into a model
 * with a head, and the other way round, with `strict: false`.
 *
 * @param options.strict  Every tensor must have its place, and every place its tensor. Default true.
 * @param options.file    Names the file in errors.
 * @throws CheckpointError that lists missing, unexpected and mis-shaped tensors.
 * @returns Our paths without a tensor, and the file's names without a place.
 */
export function loadHuggingFaceState(
  model: Pretrained,
  tensors: NamedTensors,
  { strict = true, file }: { strict?: boolean; file?: string | undefined } = {},
): { missing: readonly string[]; unexpected: readonly string[] } {
  const { huggingFace: names } = model;
  const places = new Map<string, Mapped>();
  for (const path of model.state().keys()) {
    const layout = layoutOf(path, model, names);
    places.set(huggingFaceName(path, names), layout ? { path, convert: layout.toOurs } : { path });
  }
  const { prefix } = names;
  const map = (name: string): Mapped | string | undefined => {
    if (names.ignored?.some((pattern) => pattern.test(name))) return undefined;
    const current = (names.aliases ?? []).reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), name);
    const bare = current.startsWith(`${prefix}.`) ? current.slice(prefix.length + 1) : `${prefix}.${current}`;
    // A name that is no place's must not hit one of our paths by chance: those are in our layout.
    return places.get(current) ?? (prefix === "" ? undefined : places.get(bare)) ?? `transformers:${name}`;
  };
  const { missing, unexpected } = loadState(model, tensors, { strict, file, map });
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
