/** For tests: the numbers of PyTorch in `fixtures/ops`, and how a module or a loss is held against them. */

import { readFileSync } from "node:fs";
import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import {
  type Backend,
  Cell,
  type Device,
  grad,
  type HostTensor,
  hostTensor,
  openDevice,
  type Scalar,
  sum,
  type Tensor,
  valueAndGrad,
} from "@dl/core";
import { expect } from "vitest";

/** A tensor as the fixtures write it. */
export interface Encoded {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: readonly (number | string | boolean)[];
}

export interface ReferenceCase {
  readonly name: string;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, Encoded>>;
  readonly ints: Readonly<Record<string, Encoded>>;
  readonly output: Encoded;
  readonly cotangent: Encoded;
  readonly grads: Readonly<Record<string, Encoded>>;
  readonly vectors?: Readonly<Record<string, Encoded>>;
  readonly grad2?: Readonly<Record<string, Encoded>>;
  readonly extra?: Readonly<Record<string, Encoded>>;
  readonly [more: string]: unknown;
}

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/${path}`, import.meta.url), "utf8")) as T;
}

export function referenceCases(file: string): ReferenceCase[] {
  return readJson(`ops/${file}.json`);
}

/** As float64: nothing is lost before a device rounds. Inputs are float32 numbers, written with fewer digits than they have. */
export function decode({ shape, dtype, data }: Encoded): HostTensor {
  const exact = dtype === "float32" ? (value: number) => Math.fround(value) : (value: number) => value;
  return hostTensor(
    Float64Array.from(data, (value) => exact(Number(value))),
    shape,
  );
}

export function decodeIntegers({ shape, data }: Encoded): HostTensor {
  return hostTensor(Int32Array.from(data, Number), shape);
}

/** Changes the order of axes on the host: axis i of the result is axis `order[i]`. */
export function permute(tensor: HostTensor, order: readonly number[]): HostTensor {
  const shape = order.map((axis) => tensor.shape[axis]!);
  const strides = tensor.shape.map((_, axis) => tensor.shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const data = new Float64Array(tensor.data.length);
  const index = new Array<number>(order.length).fill(0);
  for (let i = 0; i < data.length; i++) {
    data[i] = tensor.data[index.reduce((place, position, axis) => place + position * strides[order[axis]!]!, 0)]!;
    for (let axis = index.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
  return hostTensor(data, shape);
}

/** `[out, in]` ↔ `[in, out]`. */
export const transposed = (tensor: HostTensor): HostTensor => permute(tensor, [1, 0]);

/** `[B, C, …]` → `[B, …, C]`. */
export const channelsLast = (tensor: HostTensor): HostTensor =>
  permute(tensor, [0, ...tensor.shape.map((_, axis) => axis).slice(2), ...(tensor.shape.length > 1 ? [1] : [])]);

export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** One device the numeric tests run on, with the tolerances of the fixtures' README. */
export interface Precision {
  readonly name: string;
  readonly backend: () => Backend;
  readonly first: Tolerance;
  readonly second: Tolerance;
}

/** The fixtures hold ten significant digits. */
export const precisions: readonly Precision[] = [
  {
    name: "cpu float64",
    backend: () => cpu({ precision: "float64" }),
    first: { absolute: 1e-9, relative: 1e-9 },
    second: { absolute: 1e-8, relative: 1e-8 },
  },
  {
    name: "cpu float64 without fused kernels",
    backend: withoutFused,
    first: { absolute: 1e-9, relative: 1e-9 },
    second: { absolute: 1e-8, relative: 1e-8 },
  },
  {
    name: "cpu float32",
    backend: () => cpu(),
    first: { absolute: 1e-5, relative: 1e-4 },
    second: { absolute: 5e-5, relative: 1e-3 },
  },
  {
    name: "wasm",
    backend: () => wasm({ threads: 1 }), // one: a test opens hundreds of devices
    first: { absolute: 1e-5, relative: 1e-4 },
    second: { absolute: 5e-5, relative: 1e-3 },
  },
];

/** The oracle, with the core's compositions in place of fused kernels. */
function withoutFused(): Backend {
  const backend = cpu({ precision: "float64" });
  return { name: backend.name, open: async () => ({ ...(await backend.open()), fused: {} }) };
}

/** Runs `work` on a device and expects no buffer to be left when it and its cells are gone. */
export async function onDevice(backend: Backend, work: (device: Device) => Promise<void>): Promise<void> {
  await using device = await openDevice(backend);
  await work(device);
  expect(device.memory().buffers).toBe(0);
}

export function expectClose(got: HostTensor | number, wanted: HostTensor, { absolute, relative }: Tolerance, what = "values"): void {
  const data = typeof got === "number" ? [got] : got.data;
  if (typeof got !== "number") expect(got.shape, `shape of ${what}`).toEqual(wanted.shape);
  expect(data.length).toBe(wanted.data.length);
  wanted.data.forEach((value, i) => {
    const bound = absolute + relative * Math.abs(value);
    if (!(Math.abs(data[i]! - value) <= bound) && !Object.is(data[i], value)) {
      expect.fail(`${what}[${i}]: expected ${value} ± ${bound}, got ${data[i]}`);
    }
  });
}

export interface Subject {
  /** The cells to differentiate by, named as the case names its inputs; loaded from them. */
  readonly cells: Readonly<Record<string, Cell>>;
  /** From the cells' values to the output, in our layout. */
  readonly forward: () => Tensor;
  /** From PyTorch's layout to ours, by name of the input, or `output`. Default as it is. */
  readonly layout?: Readonly<Record<string, (tensor: HostTensor) => HostTensor>>;
}

/** Holds outputs, gradients, and gradients of gradients against the reference. */
export async function expectReference(
  device: Device,
  reference: ReferenceCase,
  { cells, forward, layout = {} }: Subject,
  precision: Precision,
): Promise<void> {
  const ours = (name: string, encoded: Encoded): HostTensor => (layout[name] ?? ((tensor) => tensor))(decode(encoded));
  const names = Object.keys(reference.inputs);
  const cellOf = (name: string): Cell => {
    const cell = cells[name];
    if (cell === undefined) throw new Error(`no cell for input ${name}`);
    return cell;
  };
  for (const name of names) cellOf(name).load(ours(name, reference.inputs[name]!));
  const variables = names.map(cellOf);
  using cotangent = new Cell(ours("output", reference.cotangent));
  const vectors = names.map((name) => new Cell(ours(name, reference.vectors?.[name] ?? reference.inputs[name]!)));

  const loss = (): Scalar => sum(forward().mul(cotangent.value));
  const result = await device.compute(() => {
    const { grads } = valueAndGrad(loss, variables);
    return { output: forward(), grads: variables.map((variable) => grads.get(variable)!) };
  });
  expectClose(result.output, ours("output", reference.output), precision.first, "output");
  names.forEach((name, i) => {
    expectClose(result.grads[i]!, ours(name, reference.grads[name]!), precision.first, `gradient by ${name}`);
  });
  if (reference.vectors && reference.grad2) {
    const second = await device.compute(() =>
      grad(() => {
        const { grads } = valueAndGrad(loss, variables);
        return variables.map((variable, i) => sum(grads.get(variable)!.mul(vectors[i]!.value))).reduce((a, b) => a.add(b));
      }, [...variables, cotangent]),
    );
    [...names, "cotangent"].forEach((name, i) => {
      const wanted = reference.grad2![name];
      if (wanted)
        expectClose(second[i]!, ours(name === "cotangent" ? "output" : name, wanted), precision.second, `second derivative by ${name}`);
    });
  }
  for (const vector of vectors) vector[Symbol.dispose]();
}
