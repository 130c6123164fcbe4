/**
 * The oracle against the contract's words, written out as loops over every place. The contract suite compares devices with the oracle;
 * what the oracle shares with the float32 device it would not notice.
 */

import { type BackendDevice, type ConvGeometry, type DType, Rng, type Shape, sizeOf, stridesOf, type TypedArray } from "@dl/core";
import { afterAll, describe, expect, test } from "vitest";
import { cpu } from "./cpu.ts";

const device = (await cpu({ precision: "float64" }).open()) as BackendDevice<TypedArray>;
const { kernels } = device;
afterAll(() => device.close());

interface Tensor {
  readonly buffer: TypedArray;
  readonly shape: Shape;
  readonly dtype: DType;
}

const operand = (buffer: TypedArray, shape: Shape, dtype: DType = "float64"): Tensor => ({ buffer, shape, dtype });
const random = (rng: Rng, shape: Shape): Tensor => operand(device.upload(rng.normal(shape).data, "float64"), shape);
const whole = (rng: Rng, shape: Shape, low: number, high: number): Tensor =>
  operand(device.upload(rng.integers(shape, low, high).data, "int32"), shape, "int32");

/** Every place of a shape, in row-major order. */
function places(shape: Shape): number[][] {
  return Array.from({ length: sizeOf(shape) }, (_, address) =>
    stridesOf(shape).map((stride, i) => Math.floor(address / stride) % shape[i]!),
  );
}

/** The element at a place, counted from the last axis, stretched along axes of one. */
function at({ buffer, shape }: Tensor, place: readonly number[]): number {
  const strides = stridesOf(shape);
  const skip = place.length - shape.length;
  return buffer[shape.reduce((sum, size, i) => sum + (size === 1 ? 0 : place[skip + i]! * strides[i]!), 0)]!;
}

function expectNear(actual: TypedArray, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThanOrEqual(1e-12 * (1 + Math.abs(expected[i]!)));
}

const dot = (a: TypedArray, b: TypedArray): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

describe("moving elements", () => {
  test("broadcasting, choosing and stretching, at every place", () => {
    const rng = new Rng(1);
    for (let trial = 0; trial < 60; trial++) {
      const shape = Array.from({ length: rng.integer(0, 6) }, () => rng.integer(1, 4));
      const part = (): Shape => shape.map((size) => (rng.float() < 0.4 ? 1 : size)).slice(rng.integer(0, shape.length + 1));
      const [a, b] = [random(rng, part()), random(rng, part())];
      const mask = rng.bernoulli(part(), 0.5);
      const condition = operand(device.upload(mask.data, "bool"), mask.shape, "bool");
      expectNear(
        kernels.binary("subtract", a, b, shape),
        places(shape).map((place) => at(a, place) - at(b, place)),
      );
      expectNear(
        kernels.compare("less", a, b, shape),
        places(shape).map((place) => (at(a, place) < at(b, place) ? 1 : 0)),
      );
      expectNear(
        kernels.broadcast(a, shape),
        places(shape).map((place) => at(a, place)),
      );
      expectNear(
        kernels.where(condition, a, b, shape),
        places(shape).map((place) => (at(condition, place) ? at(a, place) : at(b, place))),
      );
    }
  });

  test("transposing, slicing, flipping and padding, at every place", () => {
    const rng = new Rng(2);
    for (let trial = 0; trial < 60; trial++) {
      const shape = Array.from({ length: rng.integer(0, 6) }, () => rng.integer(1, 4));
      const x = random(rng, shape);
      const permutation = Array.from(rng.permutation(shape.length));
      const turned = permutation.map((axis) => shape[axis]!);
      expectNear(
        kernels.transpose(x, permutation),
        places(turned).map((place) =>
          at(
            x,
            shape.map((_, axis) => place[permutation.indexOf(axis)]!),
          ),
        ),
      );
      const axes = shape.map((_, axis) => axis).filter(() => rng.float() < 0.5);
      expectNear(
        kernels.flip(x, axes),
        places(shape).map((place) =>
          at(
            x,
            place.map((index, axis) => (axes.includes(axis) ? shape[axis]! - 1 - index : index)),
          ),
        ),
      );
      const steps = shape.map(() => rng.integer(1, 3));
      const starts = shape.map((size) => rng.integer(0, size));
      const sizes = shape.map((size, i) => Math.ceil((size - starts[i]!) / steps[i]!));
      expectNear(
        kernels.slice(x, starts, sizes, steps),
        places(sizes).map((place) =>
          at(
            x,
            place.map((index, i) => starts[i]! + index * steps[i]!),
          ),
        ),
      );
      const [before, after, between] = [0, 1, 2].map(() => shape.map(() => rng.integer(0, 3))) as [number[], number[], number[]];
      const padded = shape.map((size, i) => before[i]! + size + (size - 1) * between[i]! + after[i]!);
      expectNear(
        kernels.pad(x, before, after, between, 7),
        places(padded).map((place) => {
          const source = place.map((index, i) => (index - before[i]!) / (between[i]! + 1));
          return source.every((index, i) => Number.isInteger(index) && index >= 0 && index < shape[i]!) ? at(x, source) : 7;
        }),
      );
    }
  });

  test("joining, gathering and scattering, row by row", () => {
    const rng = new Rng(3);
    for (let trial = 0; trial < 40; trial++) {
      const [outer, length, inner, k] = [rng.integer(1, 4), rng.integer(1, 6), rng.integer(1, 4), rng.integer(1, 8)];
      const x = random(rng, [outer, length, inner]);
      const y = random(rng, [outer, k, inner]);
      const joined = [outer, length + k, inner];
      expectNear(
        kernels.concat([x, y], outer, [length, k], inner),
        places(joined).map(([o, i, j]) => (i! < length ? at(x, [o!, i!, j!]) : at(y, [o!, i! - length, j!]))),
      );
      const rows = whole(rng, [k], 0, length);
      const each = whole(rng, [outer, k, inner], 0, length);
      const taken = places([outer, k, inner]);
      expectNear(
        kernels.gather(x, rows, outer, length, inner),
        taken.map(([o, i, j]) => at(x, [o!, at(rows, [i!]), j!])),
      );
      expectNear(
        kernels.takeAlong(x, each, outer, length, inner),
        taken.map(([o, i, j]) => at(x, [o!, at(each, [o!, i!, j!]), j!])),
      );
      // Scattering is the transpose of taking: ⟨take(x), y⟩ = ⟨x, scatter(y)⟩.
      const near = (a: number, b: number): void => expect(Math.abs(a - b)).toBeLessThan(1e-12 * (1 + Math.abs(a)));
      near(dot(kernels.gather(x, rows, outer, length, inner), y.buffer), dot(x.buffer, kernels.scatterAdd(rows, y, outer, length, inner)));
      near(
        dot(kernels.takeAlong(x, each, outer, length, inner), y.buffer),
        dot(x.buffer, kernels.scatterAlong(each, y, outer, length, inner)),
      );
    }
  });
});

describe("along an axis", () => {
  test("sums, extremes, their places, and running sums", () => {
    const rng = new Rng(4);
    for (let trial = 0; trial < 40; trial++) {
      const [outer, length, inner] = [rng.integer(1, 4), rng.integer(1, 9), rng.integer(1, 4)];
      const x = operand(device.upload(Float32Array.from(rng.integers([outer, length, inner], -3, 4).data), "float64"), [
        outer,
        length,
        inner,
      ]);
      const lanes = places([outer, inner]).map(([o, j]) => Array.from({ length }, (_, i) => at(x, [o!, i, j!])));
      const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
      const product = (values: readonly number[]): number => values.reduce((a, b) => a * b, 1);
      expectNear(kernels.reduce("sum", x, outer, length, inner), lanes.map(sum));
      expectNear(kernels.reduce("product", x, outer, length, inner), lanes.map(product));
      expectNear(
        kernels.reduce("mean", x, outer, length, inner),
        lanes.map((lane) => sum(lane) / length),
      );
      for (const op of ["max", "min"] as const) {
        expectNear(
          kernels.reduce(op, x, outer, length, inner),
          lanes.map((lane) => Math[op](...lane)),
        );
        expectNear(
          kernels.argReduce(op, x, outer, length, inner),
          lanes.map((lane) => lane.indexOf(Math[op](...lane))),
        );
      }
      for (const exclusive of [false, true]) {
        for (const reverse of [false, true]) {
          for (const [op, total] of [
            ["sum", sum],
            ["product", product],
          ] as const) {
            const expected = places([outer, length, inner]).map(([o, i, j]) => {
              const lane = lanes[o! * inner + j!]!;
              const skip = exclusive ? 1 : 0;
              return total(reverse ? lane.slice(i! + skip) : lane.slice(0, i! + 1 - skip));
            });
            expectNear(kernels.cumulate(op, x, { outer, length, inner, exclusive, reverse }), expected);
          }
        }
      }
    }
  });
});

describe("products and windows", () => {
  test("matmul of small and of packed sizes, with indexed batches and every transpose", () => {
    const rng = new Rng(5);
    for (const [m, k, n] of [
      [3, 5, 4],
      [10, 1, 3],
      [37, 41, 43],
      [9, 300, 270],
    ] as const) {
      for (const transposeA of [false, true]) {
        for (const transposeB of [false, true]) {
          const a = random(rng, transposeA ? [2, k, m] : [2, m, k]);
          const b = random(rng, transposeB ? [3, n, k] : [3, k, n]);
          const aIndex = Int32Array.of(1, 0, 1);
          const problem = { batches: 3, m, k, n, transposeA, transposeB, aIndex, bIndex: undefined };
          const actual = kernels.matmul(a, b, problem, {});
          for (let trial = 0; trial < 60; trial++) {
            const [batch, i, j] = [rng.integer(0, 3), rng.integer(0, m), rng.integer(0, n)];
            let expected = 0;
            for (let p = 0; p < k; p++) {
              const left = at(a, transposeA ? [aIndex[batch]!, p, i] : [aIndex[batch]!, i, p]);
              expected += left * at(b, transposeB ? [batch, j, p] : [batch, p, j]);
            }
            expect(Math.abs(actual[(batch * m + i) * n + j]! - expected)).toBeLessThan(1e-11);
          }
        }
      }
    }
  });

  /** Windows with padding up to one less than the kernel, so that none lies in padding alone. */
  function randomGeometry(rng: Rng): ConvGeometry {
    const groups = rng.integer(1, 4);
    const one = (): [number, number, number, number, number, number] => {
      const [kernel, dilation, stride] = [rng.integer(1, 4), rng.integer(1, 3), rng.integer(1, 4)];
      const size = dilation * (kernel - 1) + rng.integer(1, 6);
      const [before, after] = [rng.integer(0, kernel), rng.integer(0, kernel)];
      return [size, kernel, dilation, stride, before, Math.floor((size + before + after - dilation * (kernel - 1) - 1) / stride) + 1];
    };
    const [height, kernelHeight, dilationHeight, strideHeight, padTop, outHeight] = one();
    const [width, kernelWidth, dilationWidth, strideWidth, padLeft, outWidth] = one();
    // One input channel a group is depthwise, and takes its own path.
    const inChannels = groups * rng.integer(1, 4);
    const outChannels = groups * rng.integer(1, 4);
    return {
      ...{ batch: 2, height, width, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth },
      ...{ padTop, padLeft, outHeight, outWidth, inChannels, outChannels, groups },
    };
  }

  /** The pixels of the window at (i, j), and the taps that see them. */
  function pixels(g: ConvGeometry, i: number, j: number): { row: number; column: number; kh: number; kw: number }[] {
    return places([g.kernelHeight, g.kernelWidth])
      .map(([kh, kw]) => ({
        row: i * g.strideHeight - g.padTop + kh! * g.dilationHeight,
        column: j * g.strideWidth - g.padLeft + kw! * g.dilationWidth,
        kh: kh!,
        kw: kw!,
      }))
      .filter(({ row, column }) => row >= 0 && row < g.height && column >= 0 && column < g.width);
  }

  test("convolution by its definition, its gradients as its transposes", () => {
    const rng = new Rng(6);
    for (let trial = 0; trial < 60; trial++) {
      const g = randomGeometry(rng);
      const [ins, outs] = [g.inChannels / g.groups, g.outChannels / g.groups];
      const x = random(rng, [g.batch, g.height, g.width, g.inChannels]);
      const weight = random(rng, [g.kernelHeight, g.kernelWidth, ins, g.outChannels]);
      const bias = random(rng, [g.outChannels]);
      const outShape = [g.batch, g.outHeight, g.outWidth, g.outChannels];
      const expected = places(outShape).map(([b, i, j, o]) => {
        const group = Math.floor(o! / outs);
        let sum = at(bias, [o!]);
        for (const { row, column, kh, kw } of pixels(g, i!, j!)) {
          for (let c = 0; c < ins; c++) sum += at(x, [b!, row, column, group * ins + c]) * at(weight, [kh, kw, c, o!]);
        }
        return sum;
      });
      expectNear(kernels.conv2d(x, weight, g, { bias }), expected);
      const y = kernels.conv2d(x, weight, g, {});
      const dy = random(rng, outShape);
      const along = dot(y, dy.buffer);
      expect(Math.abs(dot(x.buffer, kernels.conv2dInputGradient(dy, weight, g)) - along)).toBeLessThan(1e-11 * (1 + Math.abs(along)));
      expect(Math.abs(dot(weight.buffer, kernels.conv2dFilterGradient(x, dy, g)) - along)).toBeLessThan(1e-11 * (1 + Math.abs(along)));
    }
  });

  test("pooling by its definition, the average's gradient as its transpose", () => {
    const rng = new Rng(7);
    for (let trial = 0; trial < 60; trial++) {
      const geometry = { ...randomGeometry(rng), channels: rng.integer(1, 4) };
      const { batch, height, width, channels, outHeight, outWidth } = geometry;
      const shape = [batch, height, width, channels];
      const x = operand(device.upload(Float32Array.from(rng.integers(shape, -3, 4).data), "float64"), shape);
      const outShape = [batch, outHeight, outWidth, channels];
      // Windows that dilation carries over the whole image see nothing: they have no maximum to compare.
      const windows = places(outShape).map(([b, i, j, c]) =>
        pixels(geometry, i!, j!).map(({ row, column }) => ({ value: at(x, [b!, row, column, c!]), place: row * width + column })),
      );
      const { values, indices } = kernels.maxPool(x, geometry);
      windows.forEach((window, o) => {
        if (window.length === 0) return;
        const best = Math.max(...window.map(({ value }) => value));
        expect(values[o]).toBe(best);
        expect(indices[o]).toBe(window.find(({ value }) => value === best)!.place);
      });
      const dy = random(rng, outShape);
      for (const countPadding of [false, true]) {
        const y = kernels.averagePool(x, geometry, countPadding);
        expectNear(
          y,
          windows.map((window) => {
            const sum = window.reduce((total, { value }) => total + value, 0);
            return sum / (countPadding ? geometry.kernelHeight * geometry.kernelWidth : Math.max(window.length, 1));
          }),
        );
        const dx = kernels.averagePoolGradient(dy, geometry, countPadding);
        const along = dot(y, dy.buffer);
        expect(Math.abs(dot(x.buffer, dx) - along)).toBeLessThan(1e-11 * (1 + Math.abs(along)));
      }
    }
  });
});
