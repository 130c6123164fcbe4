/** The way with fewer multiplications against the float64 oracle, for every form of kernel it takes, with borders that no tile ends at. */

import { cpu } from "@dl/backend-cpu";
import type { BackendDevice, ConvGeometry } from "@dl/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Kernel, kernels, run, termsOf } from "./convolution-fixture.ts";
import { tilingForImage, tilingForResult } from "./kernels/winograd.ts";
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

interface Form {
  readonly taps: number;
  readonly stride: number;
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly pads: readonly [number, number, number, number];
  readonly inChannels: number;
  readonly outChannels: number;
}

function geometryOf({ taps, stride, pads: [top, bottom, left, right], ...rest }: Form): ConvGeometry {
  const kernel = taps * stride;
  return {
    ...rest,
    ...{ kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride, dilationHeight: 1, dilationWidth: 1 },
    ...{ padTop: top, padLeft: left, groups: 1 },
    outHeight: Math.floor((rest.height + top + bottom - kernel) / stride) + 1,
    outWidth: Math.floor((rest.width + left + right - kernel) / stride) + 1,
  };
}

const tilingOf = (kernel: Kernel, g: ConvGeometry) => (kernel === "conv2dInputGradient" ? tilingForImage(g) : tilingForResult(g));

/** At the points numbers are some times as large as they were, and their rounding with them: measured up to 2·10⁻⁵ of a sum's own size, √terms. */
const tolerance = 4e-5;

async function expectEqual(kernel: Kernel, g: ConvGeometry): Promise<void> {
  const [found, expected] = [await run(device, kernel, { g }), await run(oracle, kernel, { g })];
  const allowed = tolerance * Math.sqrt(termsOf(g)[kernel]);
  for (let i = 0; i < expected.length; i++) {
    if (!(Math.abs(found[i]! - expected[i]!) <= allowed))
      expect.fail(`element ${i} of ${JSON.stringify(g)}: expected ${expected[i]}, got ${found[i]}`);
  }
  expect(device.memory().buffers).toBe(0);
}

const forms: fc.Arbitrary<Form> = fc.record({
  taps: fc.constantFrom(2, 3),
  stride: fc.constantFrom(1, 2),
  batch: fc.integer({ min: 2, max: 5 }),
  height: fc.integer({ min: 9, max: 21 }),
  width: fc.integer({ min: 9, max: 21 }),
  pads: fc.tuple(
    ...([4, 4, 4, 4].map((max) => fc.integer({ min: 0, max })) as [
      fc.Arbitrary<number>,
      fc.Arbitrary<number>,
      fc.Arbitrary<number>,
      fc.Arbitrary<number>,
    ]),
  ),
  inChannels: fc.constantFrom(16, 24, 40),
  outChannels: fc.constantFrom(32, 48, 56),
});

test.each(kernels)("%s of any image, padding and channels it takes", async (kernel) => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(forms, async (form) => {
      const g = geometryOf(form);
      if (tilingOf(kernel, g) === undefined) return;
      taken++;
      await expectEqual(kernel, g);
    }),
    { numRuns: 40, seed: 20_261_122 },
  );
  expect(taken).toBeGreaterThan(20);
});

/** The middle of DCGAN's networks: 4 × 4 taps of stride 2. */
const dcgan: Form = { taps: 2, stride: 2, batch: 4, height: 14, width: 14, pads: [1, 1, 1, 1], inChannels: 32, outChannels: 64 };

describe("4 × 4 taps of stride 2", () => {
  test.each(kernels)("%s goes by tiles, four results a side", async (kernel) => {
    const g = geometryOf({ ...dcgan, batch: 16 });
    expect(tilingOf(kernel, g)).toEqual({ taps: 2, phases: 2, side: 4 });
    await expectEqual(kernel, g);
  });

  test("a filter gradient of more tiles than are taken at once is the sum of its groups", async () => {
    // 25 points × (4 · 512 + 8) numbers a tile: 162 tiles are 32 MiB, and here are 168.
    const g = geometryOf({ ...dcgan, batch: 42, inChannels: 512, outChannels: 8 });
    expect(tilingForResult(g)).toBeDefined();
    await expectEqual("conv2dFilterGradient", g);
  });

  test("a NaN goes no further than the tiles that see it", async () => {
    const g = geometryOf({ ...dcgan, batch: 16 });
    const values = await run(device, "conv2d", { g, spoil: (data) => data.fill(Number.NaN, 0, 32) }); // pixel (0, 0) of the first image
    const isBroken = (row: number, column: number, image = 0): boolean =>
      Number.isNaN(values[((image * g.outHeight + row) * g.outWidth + column) * g.outChannels]);
    expect(isBroken(0, 0)).toBe(true);
    for (const [row, column] of [
      [0, 4],
      [4, 0],
      [6, 6],
    ] as const)
      expect(isBroken(row, column), `${row}, ${column}`).toBe(false);
    expect(isBroken(0, 0, 1)).toBe(false);
  });
});

test("few tiles, odd channels, groups, dilation and other kernels go the direct way", () => {
  const g = geometryOf({ ...dcgan, batch: 64 });
  expect(tilingForResult(g)).toBeDefined();
  const others: readonly Partial<ConvGeometry>[] = [
    { batch: 1, height: 4, width: 4, outHeight: 2, outWidth: 2 },
    { inChannels: 30 },
    { outChannels: 65 },
    { groups: 2 },
    { dilationHeight: 2 },
    { kernelHeight: 5 },
    { strideWidth: 1 },
    { kernelHeight: 8, kernelWidth: 8 },
  ];
  for (const other of others) expect(tilingForResult({ ...g, ...other }), JSON.stringify(other)).toBeUndefined();
});
