/** Convolutions of random geometry against the float64 oracle: strides, padding, dilation, groups and channel tails in every mix. */

import { cpu } from "@dl/backend-cpu";
import type { BackendDevice, ConvGeometry, Operand } from "@dl/core";
import { Rng, sizeOf } from "@dl/core";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { wasm } from "./wasm.ts";

let device: BackendDevice;
let oracle: BackendDevice;
beforeAll(async () => {
  device = await wasm({ threads: 2 }).open();
  oracle = await cpu({ precision: "float64" }).open();
});
afterAll(async () => {
  await device.close();
  await oracle.close();
});

const axis = fc
  .record({
    kernel: fc.integer({ min: 1, max: 5 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    before: fc.integer({ min: 0, max: 4 }),
    after: fc.integer({ min: 0, max: 4 }),
    size: fc.integer({ min: 1, max: 19 }),
  })
  .map(({ kernel, stride, dilation, before, after, size }) => {
    const extent = (kernel - 1) * dilation + 1;
    const length = Math.max(size, extent - before - after, 1);
    return { kernel, stride, dilation, before, length, out: Math.floor((length + before + after - extent) / stride) + 1 };
  });

const geometries: fc.Arbitrary<ConvGeometry> = fc
  .record({
    batch: fc.integer({ min: 1, max: 5 }),
    rows: axis,
    columns: axis,
    groups: fc.constantFrom(1, 1, 2, 3),
    groupIn: fc.integer({ min: 1, max: 11 }),
    groupOut: fc.integer({ min: 1, max: 19 }),
  })
  .map(({ batch, rows, columns, groups, groupIn, groupOut }) => ({
    batch,
    height: rows.length,
    width: columns.length,
    kernelHeight: rows.kernel,
    kernelWidth: columns.kernel,
    strideHeight: rows.stride,
    strideWidth: columns.stride,
    dilationHeight: rows.dilation,
    dilationWidth: columns.dilation,
    padTop: rows.before,
    padLeft: columns.before,
    outHeight: rows.out,
    outWidth: columns.out,
    inChannels: groups * groupIn,
    outChannels: groups * groupOut,
    groups,
  }));

type Kernel = "conv2d" | "conv2dInputGradient" | "conv2dFilterGradient";

async function run(on: BackendDevice, kernel: Kernel, g: ConvGeometry): Promise<ArrayLike<number>> {
  const shapes = {
    x: [g.batch, g.height, g.width, g.inChannels],
    w: [g.kernelHeight, g.kernelWidth, g.inChannels / g.groups, g.outChannels],
    y: [g.batch, g.outHeight, g.outWidth, g.outChannels],
  };
  const [left, right, result] = { conv2d: ["x", "w", "y"], conv2dInputGradient: ["y", "w", "x"], conv2dFilterGradient: ["x", "y", "w"] }[
    kernel
  ] as ["x" | "y", "w" | "y", "x" | "y" | "w"];
  const operand = (name: "x" | "w" | "y"): Operand<unknown> => {
    const { shape, data } = new Rng(3).fork(name).normal(shapes[name]);
    return { buffer: on.upload(data, on.capabilities.float), shape, dtype: on.capabilities.float };
  };
  const [a, b] = [operand(left), operand(right)];
  const y = kernel === "conv2d" ? on.kernels.conv2d(a, b, g, {}) : on.kernels[kernel](a, b, g);
  const values = await on.read(y, on.capabilities.float, sizeOf(shapes[result]));
  for (const buffer of [a.buffer, b.buffer, y]) on.free(buffer);
  return values;
}

test.each(["conv2d", "conv2dInputGradient", "conv2dFilterGradient"] as const)("%s of any geometry", async (kernel) => {
  await fc.assert(
    fc.asyncProperty(geometries, async (g) => {
      const [found, expected] = [await run(device, kernel, g), await run(oracle, kernel, g)];
      // Sums of up to a few thousand products of numbers of size one, in float32.
      for (let i = 0; i < expected.length; i++) {
        if (!(Math.abs(found[i]! - expected[i]!) <= 1e-4 + 1e-4 * Math.abs(expected[i]!))) {
          expect.fail(`element ${i}: expected ${expected[i]}, got ${found[i]}`);
        }
      }
      expect(device.memory().buffers).toBe(0);
    }),
    { numRuns: 150, seed: 20_261_122 },
  );
});
