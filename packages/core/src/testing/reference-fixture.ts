/** Operations against numbers PyTorch made: outputs, gradients, and gradients of gradients. The format is in fixtures/README.md. */

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { grad } from "../autodiff.ts";
import type { Backend } from "../backend.ts";
import { type Device, openDevice } from "../device.ts";
import type { HostTensor } from "../host-tensor.ts";
import { tensor } from "../ops/creation.ts";
import type { Scalar, Tensor } from "../tensor.ts";

/** A tensor as the fixtures write it; infinities and NaN are strings. */
export interface Encoded {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: readonly (number | string | boolean)[];
}

export interface ReferenceCase {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: options of PyTorch functions, checked by the numbers that come out.
  readonly attrs: Readonly<Record<string, any>>;
  readonly inputs: Readonly<Record<string, Encoded>>;
  /** What is not differentiated: indices and masks. */
  readonly ints: Readonly<Record<string, Encoded>>;
  readonly output: Encoded;
  readonly cotangent: Encoded;
  readonly grads: Readonly<Record<string, Encoded>>;
  readonly vectors: Readonly<Record<string, Encoded>>;
  readonly grad2: Readonly<Record<string, Encoded>>;
  readonly extra?: Readonly<Record<string, Encoded>>;
  readonly weight?: Encoded | null;
}

/** Tensors of a case by name, in PyTorch's layout. */
export type Inputs = Readonly<Record<string, Tensor>>;

export interface ReferenceSuite {
  readonly backends: readonly Backend[];
  /** From the inputs to the output, both in PyTorch's layout: transposes belong inside, so that gradients come back in it. */
  readonly run: (example: ReferenceCase, inputs: Inputs) => Tensor;
  /** Cases with constants that the file holds as float32, though PyTorch computed with more digits: seven are compared. Default none. */
  readonly rounded?: (example: ReferenceCase) => boolean;
}

/** Registers one test per backend and case of `fixtures/ops/<file>.json`. */
export function referenceSuite(file: string, { backends, run, rounded = () => false }: ReferenceSuite): void {
  const cases = readFixture<ReferenceCase[]>(file);
  onEach(backends, (open) => {
    test.each(cases.map((example) => ({ label: `${example.name} ${JSON.stringify(example.attrs)}`, example })))(
      "$label is PyTorch's, differentiated once and twice",
      async ({ example }) => {
        const { device, tolerances } = open();
        const digits = rounded(example) && device.capabilities.float === "float64" ? { absolute: 2e-7, relative: 2e-7 } : {};
        const names = Object.keys(example.inputs);
        const found = await device.compute(() => {
          const inputs = Object.fromEntries(names.map((name) => [name, tensor(decode(example.inputs[name]!))]));
          const variables = names.map((name) => inputs[name]!);
          const cotangent = tensor(decode(example.cotangent));
          const all = { ...inputs, ...Object.fromEntries(Object.entries(example.ints).map(([name, int]) => [name, tensor(decode(int))])) };
          const gradients = (): Tensor[] => grad(() => run(example, all).mul(cotangent).sum(), variables);
          const alongVectors = (): Scalar =>
            gradients()
              .map((gradient, i): Scalar => gradient.mul(tensor(decode(example.vectors[names[i]!]!))).sum())
              .reduce((total, part) => total.add(part));
          return { output: run(example, all), first: gradients(), second: grad(alongVectors, [...variables, cotangent]) };
        });
        expectClose(found.output, example.output, { ...tolerances.first, ...digits });
        for (const [i, name] of names.entries()) {
          expectClose(found.first[i]!, example.grads[name]!, { ...tolerances.first, ...digits, label: `gradient by ${name}` });
        }
        for (const [i, name] of [...names, "cotangent"].entries()) {
          expectClose(found.second[i]!, example.grad2[name]!, { ...tolerances.second, ...digits, label: `second gradient by ${name}` });
        }
      },
    );
  });
}

export interface OpenDevice {
  readonly device: Device;
  readonly tolerances: Tolerances;
}

/** Registers what `body` registers once per backend, with its device and tolerances; none may be left with a live buffer. */
export function onEach(backends: readonly Backend[], body: (open: () => OpenDevice) => void): void {
  describe.each(backends.map((backend, i) => ({ name: `${backend.name} ${i}`, backend })))("$name", ({ backend }) => {
    let device: Device;
    beforeAll(async () => {
      device = await openDevice(backend);
    });
    afterAll(async () => {
      expect(device.memory().buffers, "live buffers").toBe(0);
      await device[Symbol.asyncDispose]();
    });
    body(() => ({ device, tolerances: tolerancesOf(device) }));
  });
}

export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
  readonly label?: string;
}

export interface Tolerances {
  readonly first: Tolerance;
  readonly second: Tolerance;
}

/** Ten digits are written, so float64 is held to nine; float32 sums a few hundred terms of order 1, and twice that in the second order. */
function tolerancesOf({ capabilities }: Device): Tolerances {
  return capabilities.float === "float64"
    ? { first: { absolute: 1e-9, relative: 1e-9 }, second: { absolute: 1e-8, relative: 1e-8 } }
    : { first: { absolute: 1e-5, relative: 1e-4 }, second: { absolute: 5e-5, relative: 1e-3 } };
}

export function readFixture<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(`../../fixtures/ops/${file}.json`, import.meta.url), "utf8")) as T;
}

/** Float32 inputs are written with fewer digits than they have: rounding restores them. Everything else stays float64. */
export function decode({ shape, dtype, data }: Encoded): HostTensor {
  if (dtype === "bool") return { shape, dtype: "bool", data: Uint8Array.from(data, Number) };
  if (dtype === "int64") return { shape, dtype: "int32", data: Int32Array.from(data, Number) };
  const exact = dtype === "float32" ? Math.fround : (value: number): number => value;
  return { shape, dtype: "float64", data: Float64Array.from(data, (value) => exact(Number(value))) };
}

export function expectClose(got: HostTensor | number, wanted: Encoded | number, { absolute, relative, label = "output" }: Tolerance): void {
  const [found, expected] = [got, wanted].map((side) => (typeof side === "number" ? { shape: [], data: [side] } : side));
  expect(found!.shape, label).toEqual(expected!.shape);
  for (let i = 0; i < expected!.data.length; i++) {
    const value = Number(expected!.data[i]);
    const bound = absolute + relative * Math.abs(value);
    if (!(Math.abs(Number(found!.data[i]) - value) <= bound) && !Object.is(found!.data[i], value)) {
      expect.fail(`${label}, element ${i}: expected ${value} ± ${bound}, got ${found!.data[i]}`);
    }
  }
}
