/** One to three channels on a side, where taps take their place, against the float64 oracle. */

import { cpu } from "@dl/backend-cpu";
import type { BackendDevice, ConvGeometry } from "@dl/core";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Kernel, run, termsOf } from "./convolution-fixture.ts";
import { hasFewInputs, hasFewOutputs } from "./kernels/few-channels.ts";
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

const axis = (strides: readonly number[]) =>
  fc
    .record({
      kernel: fc.integer({ min: 2, max: 5 }),
      stride: fc.constantFrom(...strides),
      before: fc.integer({ min: 0, max: 5 }),
      after: fc.integer({ min: 0, max: 5 }),
      size: fc.integer({ min: 9, max: 17 }),
    })
    .map(({ kernel, stride, before, after, size }) => ({
      ...{ kernel, stride, before, size },
      out: Math.floor((size + before + after - kernel) / stride) + 1,
    }));

/** `few` channels of inputs or of outputs, and many of the other. */
const geometries = (strides: readonly number[], side: "in" | "out"): fc.Arbitrary<ConvGeometry> =>
  fc
    .record({
      rows: axis(strides),
      columns: axis(strides),
      few: fc.integer({ min: 1, max: 3 }),
      many: fc.constantFrom(16, 19, 24),
      batch: fc.constantFrom(3, 5),
    })
    .map(({ rows, columns, few, many, batch }) => ({
      ...{ batch, height: rows.size, width: columns.size, outHeight: rows.out, outWidth: columns.out },
      ...{ kernelHeight: rows.kernel, kernelWidth: columns.kernel, strideHeight: rows.stride, strideWidth: columns.stride },
      ...{ dilationHeight: 1, dilationWidth: 1, padTop: rows.before, padLeft: columns.before, groups: 1 },
      ...(side === "in" ? { inChannels: few, outChannels: many } : { inChannels: many, outChannels: few }),
    }));

const cases: readonly [Kernel, fc.Arbitrary<ConvGeometry>, (g: ConvGeometry) => boolean][] = [
  ["conv2d", geometries([1], "out"), hasFewOutputs],
  ["conv2dInputGradient", geometries([1, 2, 3], "in"), hasFewInputs],
  ["conv2dFilterGradient", geometries([1], "out"), hasFewOutputs],
];

test.each(cases)("%s", async (kernel, geometries, takes) => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(geometries, async (g) => {
      if (!takes(g)) return;
      taken++;
      const [found, expected] = [await run(device, kernel, { g }), await run(oracle, kernel, { g })];
      const allowed = 1e-5 * Math.sqrt(termsOf(g)[kernel]);
      for (let i = 0; i < expected.length; i++) {
        if (!(Math.abs(found[i]! - expected[i]!) <= allowed + 1e-5 * Math.abs(expected[i]!))) {
          expect.fail(`element ${i} of ${JSON.stringify(g)}: expected ${expected[i]}, got ${found[i]}`);
        }
      }
      expect(device.memory().buffers).toBe(0);
    }),
    { numRuns: 40, seed: 20_261_122 },
  );
  expect(taken).toBeGreaterThan(15);
});
