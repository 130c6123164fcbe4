/** The float64 device on its own: every other device is compared with it, so it is compared with PyTorch and with sums done by hand. */

import { readFileSync } from "node:fs";
import type { BackendDevice, ConvGeometry, Operand, PoolGeometry, Shape, TypedArray } from "@dl/core";
import { sizeOf } from "@dl/core";
import { afterAll, describe, expect, test } from "vitest";
import { cpu } from "./cpu.ts";

interface FixtureTensor {
  readonly shape: number[];
  readonly data: number[];
}

interface FixtureCase {
  readonly name: string;
  readonly attrs: Readonly<Record<string, number | [number, number] | boolean | undefined>>;
  readonly inputs: Readonly<Record<string, FixtureTensor>>;
  readonly output: FixtureTensor;
  readonly cotangent: FixtureTensor;
  readonly grads: Readonly<Record<string, FixtureTensor>>;
  readonly extra?: { readonly indices: FixtureTensor };
}

function fixture(name: string): FixtureCase[] {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), "utf8"));
}

const device = (await cpu({ precision: "float64" }).open()) as BackendDevice<TypedArray>;
const { kernels } = device;
afterAll(() => device.close());

type Tensor = Operand<TypedArray>;
const tensor = (buffer: TypedArray, shape: Shape): Tensor => ({ buffer, shape, dtype: "float64" });
/** Inputs are float32-exact and written with ten digits. */
const upload = ({ data, shape }: FixtureTensor): Tensor => tensor(device.upload(Float32Array.from(data), "float64"), shape);
const transpose = (x: Tensor, permutation: number[]): Tensor =>
  tensor(
    kernels.transpose(x, permutation),
    permutation.map((axis) => x.shape[axis]!),
  );
const channelsLast = (x: Tensor): Tensor => transpose(x, [0, 2, 3, 1]);
const channelsFirst = (x: TypedArray, shape: Shape): TypedArray => kernels.transpose(tensor(x, shape), [0, 3, 1, 2]);
const pair = (value: unknown, missing: number): [number, number] =>
  Array.isArray(value) ? [value[0], value[1]] : [(value as number | undefined) ?? missing, (value as number | undefined) ?? missing];

/** Expected numbers carry ten significant digits. */
function expectClose(actual: TypedArray, { data }: FixtureTensor): void {
  expect(actual).toBeInstanceOf(Float64Array);
  expect(actual.length).toBe(data.length);
  for (let i = 0; i < data.length; i++) expect(Math.abs(actual[i]! - data[i]!)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(data[i]!)));
}

describe("PyTorch's numbers in float64", () => {
  fixture("conv2d").forEach(({ attrs, inputs, output, cotangent, grads }, index) => {
    test(`conv2d ${index}: ${JSON.stringify(attrs)}, forward and both gradients`, () => {
      const x = channelsLast(upload(inputs.x!));
      const weight = transpose(upload(inputs.w!), [2, 3, 1, 0]);
      const bias = inputs.b === undefined ? undefined : upload(inputs.b);
      const dy = channelsLast(upload(cotangent));
      const [strideHeight, strideWidth] = pair(attrs.stride, 1);
      const [padTop, padLeft] = pair(attrs.padding, 0);
      const [dilationHeight, dilationWidth] = pair(attrs.dilation, 1);
      const geometry: ConvGeometry = {
        batch: x.shape[0]!,
        height: x.shape[1]!,
        width: x.shape[2]!,
        kernelHeight: weight.shape[0]!,
        kernelWidth: weight.shape[1]!,
        ...{ strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft },
        outHeight: dy.shape[1]!,
        outWidth: dy.shape[2]!,
        inChannels: x.shape[3]!,
        outChannels: dy.shape[3]!,
        groups: attrs.groups as number,
      };
      expectClose(channelsFirst(kernels.conv2d(x, weight, geometry, { bias }), dy.shape), output);
      expectClose(channelsFirst(kernels.conv2dInputGradient(dy, weight, geometry), x.shape), grads.x!);
      const dweight = tensor(kernels.conv2dFilterGradient(x, dy, geometry), weight.shape);
      expectClose(kernels.transpose(dweight, [3, 2, 0, 1]), grads.w!);
    });
  });

  fixture("pool")
    // Adaptive windows differ in size: the core composes them.
    .filter(({ name }) => name !== "adaptive_avg_pool2d")
    .forEach(({ name, attrs, inputs, output, cotangent, grads }, index) => {
      test(`${name} ${index}: ${JSON.stringify(attrs)}, forward and gradient`, () => {
        const x = channelsLast(upload(inputs.x!));
        const dy = channelsLast(upload(cotangent));
        const [kernelHeight, kernelWidth] = pair(attrs.kernel_size, 1);
        const [strideHeight, strideWidth] = pair(attrs.stride, 1);
        const [padTop, padLeft] = pair(attrs.padding, 0);
        const geometry: PoolGeometry = {
          batch: x.shape[0]!,
          height: x.shape[1]!,
          width: x.shape[2]!,
          ...{ kernelHeight, kernelWidth, strideHeight, strideWidth, padTop, padLeft },
          dilationHeight: 1,
          dilationWidth: 1,
          outHeight: dy.shape[1]!,
          outWidth: dy.shape[2]!,
          channels: x.shape[3]!,
        };
        if (name === "max_pool2d") {
          const { values, indices } = kernels.maxPool(x, geometry);
          expectClose(channelsFirst(values, dy.shape), output);
          const places: Tensor = { buffer: indices, shape: dy.shape, dtype: "int32" };
          const dx = kernels.scatterAlong(places, dy, geometry.batch, geometry.height * geometry.width, geometry.channels);
          expectClose(channelsFirst(dx, x.shape), grads.x!);
        } else {
          // With ceil_mode PyTorch leaves what lies past the padded image out of the divisor.
          const countPadding = attrs.count_include_pad === true && attrs.ceil_mode !== true;
          expectClose(channelsFirst(kernels.averagePool(x, geometry, countPadding), dy.shape), output);
          expectClose(channelsFirst(kernels.averagePoolGradient(dy, geometry, countPadding), x.shape), grads.x!);
        }
      });
    });

  const reductions = { sum: "sum", mean: "mean", prod: "product", amax: "max", amin: "min" } as const;
  fixture("reduce_cumsum_topk").forEach(({ name, attrs, inputs, output, extra }, index) => {
    test(`${name} ${index} along axis ${attrs.dim}`, () => {
      const x = upload(inputs.x!);
      const axis = attrs.dim as number;
      const outer = sizeOf(x.shape.slice(0, axis));
      const length = x.shape[axis]!;
      const inner = sizeOf(x.shape.slice(axis + 1));
      const reduction = reductions[name as keyof typeof reductions];
      if (reduction !== undefined) {
        expectClose(kernels.reduce(reduction, x, outer, length, inner), output);
      } else if (name === "cumsum" || name === "cumprod") {
        const view = { outer, length, inner, exclusive: false, reverse: false };
        expectClose(kernels.cumulate(name === "cumsum" ? "sum" : "product", x, view), output);
      } else {
        // Rows first: the sorting kernels know no other axis.
        const rows = outer * inner;
        const turned = transpose(tensor(x.buffer, [outer, length, inner]), [0, 2, 1]);
        const k = name === "topk" ? (attrs.k as number) : length;
        const order = name === "topk" ? kernels.topK(turned, rows, length, k) : kernels.argsort(turned, rows, length, true);
        const back = kernels.transpose({ buffer: order, shape: [outer, inner, k], dtype: "int32" }, [0, 2, 1]);
        expect(Array.from(back)).toEqual(extra!.indices.data);
        const taken = kernels.takeAlong(x, { buffer: back, shape: [outer, k, inner], dtype: "int32" }, outer, length, inner);
        expectClose(taken, output);
      }
    });
  });
});

describe("worked by hand", () => {
  test("a float is a double, whichever float is asked for", () => {
    const third = kernels.fill([1], "float32", 1 / 3);
    expect(third).toEqual(Float64Array.of(1 / 3));
    expect(device.upload(Float32Array.of(0.1), "float32")).toEqual(Float64Array.of(Math.fround(0.1)));
  });

  test("the element-wise operations at points where they are known", () => {
    const at = (op: Parameters<typeof kernels.unary>[0], value: number): number =>
      kernels.unary(op, tensor(device.upload(Float64Array.of(value), "float64"), [1]))[0]!;
    expect(at("sigmoid", Math.log(3))).toBeCloseTo(0.75, 15);
    expect(at("softplus", 0)).toBeCloseTo(Math.LN2, 15);
    expect(at("softplus", 1000)).toBe(1000);
    expect(at("softplus", -1000)).toBe(0);
    expect(at("silu", Math.log(3))).toBeCloseTo(0.75 * Math.log(3), 15);
    // Φ(1) = 0.8413447460685429485852… (NIST Digital Library of Mathematical Functions, section 7.2).
    expect(at("gelu", 1)).toBeCloseTo(0.8413447460685429, 15);
    expect(at("gelu", -1)).toBeCloseTo(0.8413447460685429 - 1, 15);
    expect(at("geluTanh", 1)).toBeCloseTo(0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * 1.044715)), 15);
    expect(at("relu", NaN)).toBeNaN();
  });

  test("the derivatives in one pass are those of their operations, by central differences", () => {
    const step = 1e-6;
    const points = [-4, -1.5, -0.3, 0.2, 1, 3.3];
    for (const op of ["gelu", "geluTanh", "silu"] as const) {
      const ones = tensor(
        device.upload(
          Float64Array.from(points, () => 2),
          "float64",
        ),
        [6],
      );
      const x = (shift: number): Tensor =>
        tensor(
          device.upload(
            Float64Array.from(points, (p) => p + shift),
            "float64",
          ),
          [6],
        );
      const gradient = kernels.binary(`${op}Gradient`, ones, x(0), [6]);
      const above = kernels.unary(op, x(step));
      const below = kernels.unary(op, x(-step));
      // Two doubles of size one, 10⁻¹⁶ each, over a difference of 2·10⁻⁶.
      for (let i = 0; i < 6; i++) expect(Math.abs(gradient[i]! - (above[i]! - below[i]!) / step)).toBeLessThan(5e-9);
    }
    for (const op of ["tanh", "sigmoid", "relu"] as const) {
      const x = tensor(device.upload(Float64Array.from(points), "float64"), [6]);
      const y = tensor(kernels.unary(op, x), [6]);
      const gradient = kernels.binary(`${op}Gradient`, tensor(kernels.fill([6], "float64", 1), [6]), y, [6]);
      const shifted = (by: number): TypedArray =>
        kernels.unary(
          op,
          tensor(
            device.upload(
              Float64Array.from(points, (p) => p + by),
              "float64",
            ),
            [6],
          ),
        );
      const above = shifted(step);
      const below = shifted(-step);
      for (let i = 0; i < 6; i++) expect(Math.abs(gradient[i]! - (above[i]! - below[i]!) / (2 * step))).toBeLessThan(5e-9);
    }
  });
});
