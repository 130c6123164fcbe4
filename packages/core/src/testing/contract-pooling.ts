/** The contract of pooling. */

import type { BackendDevice, Operand, PoolGeometry } from "../backend.ts";
import { exact, sumOf, type Tolerance } from "./closeness.ts";
import type { Claim } from "./kernel-contract.ts";
import { floats, mapFloats, sprinkle, ties } from "./sample.ts";
import { poolGeometry, randomWindow } from "./windows.ts";

const geometries: Readonly<Record<string, PoolGeometry>> = {
  "2×2, stride 2": poolGeometry({ size: [6, 8], kernel: [2, 2], stride: [2, 2] }, 3),
  "2×2, stride 2, odd image, sixteen channels": poolGeometry({ size: [7, 5], kernel: [2, 2], stride: [2, 2] }, 16),
  "3×3, stride 2, padded": poolGeometry({ size: [7, 7], kernel: [3, 3], stride: [2, 2], pad: [1, 1, 1, 1] }, 5),
  "3×3, stride 1, padded on two sides": poolGeometry({ size: [5, 6], kernel: [3, 3], pad: [0, 2, 0, 1] }, 2),
  "3×2, dilation 2": poolGeometry({ size: [9, 8], kernel: [3, 2], dilation: [2, 2], pad: [1, 1, 0, 1] }, 3),
  "the whole image": poolGeometry({ size: [5, 4], kernel: [5, 4] }, 7),
  "one pixel": poolGeometry({ batch: 1, size: [1, 1], kernel: [1, 1] }, 1),
  "stride 3 over a kernel of 2": poolGeometry({ size: [8, 8], kernel: [2, 2], stride: [3, 3] }, 4),
  "no images": poolGeometry({ batch: 0, size: [4, 4], kernel: [2, 2] }, 3),
  large: poolGeometry({ batch: 8, size: [32, 32], kernel: [2, 2], stride: [2, 2] }, 33),
};

const imageOf = (g: PoolGeometry): number[] => [g.batch, g.height, g.width, g.channels];
const windowsOf = (g: PoolGeometry): number[] => [g.batch, g.outHeight, g.outWidth, g.channels];
/** A mean of a few dozen numbers at most (the whole large image is not pooled at once), and sums of as many shares. */
const mean: Tolerance = { absolute: 1e-6, relative: 1e-6 };

/** Values and places of the largest, and the gradient of the image as `maxPool2d` of the core takes it. */
function routed(device: BackendDevice, { image, dy }: Record<"image" | "dy", Operand<unknown>>, g: PoolGeometry): unknown[] {
  const { values, indices } = device.kernels.maxPool(image, g);
  const at = { buffer: indices, shape: windowsOf(g), dtype: "int32" } as const;
  const dx = device.fused.maxPoolGradient?.(dy, at, g) ?? device.kernels.scatterAlong(at, dy, g.batch, g.height * g.width, g.channels);
  return [values, indices, dx];
}

export function poolingContract(claim: Claim): void {
  const random = "geometries drawn at random";
  for (const name of [...Object.keys(geometries), random]) {
    const pick = (rng: Parameters<typeof randomWindow>[0]): PoolGeometry[] =>
      name === random ? Array.from({ length: 40 }, () => poolGeometry(randomWindow(rng), rng.integer(1, 9))) : [geometries[name]!];
    claim("maxPool", `${name}: the first of equals, NaN before all`, async ({ comparison, rng }) => {
      for (const g of pick(rng)) {
        const inputs = [ties(rng, imageOf(g)), sprinkle(ties(rng, imageOf(g)), [NaN, -Infinity, Infinity], 11)];
        const outputs = inputs.flatMap(() => [
          { shape: windowsOf(g), dtype: "float32" as const, tolerance: exact },
          { shape: windowsOf(g), dtype: "int32" as const },
        ]);
        await comparison.run(JSON.stringify(g), inputs, outputs, (device, operands) =>
          operands.flatMap((x) => {
            const { values, indices } = device.kernels.maxPool(x, g);
            return [values, indices];
          }),
        );
      }
    });
    claim("maxPool", `${name}: its gradient goes to the first of equals, by the device's own places`, async ({ comparison, rng }) => {
      for (const g of pick(rng)) {
        // Of ReLU: most windows are ties of zeros.
        const x = mapFloats(ties(rng, imageOf(g)), (value) => Math.max(value, 0));
        await comparison.run(
          JSON.stringify(g),
          [x, rng.normal(windowsOf(g))],
          [
            { shape: windowsOf(g), dtype: "float32", tolerance: exact },
            { shape: windowsOf(g), dtype: "int32" },
            { shape: imageOf(g), dtype: "float32", tolerance: sumOf(g.kernelHeight * g.kernelWidth) },
          ],
          (device, [image, dy]) => routed(device, { image: image!, dy: dy! }, g),
        );
      }
    });
    for (const countPadding of [true, false]) {
      const how = countPadding ? "padding counted" : "padding left out";
      claim("averagePool", `${name}, ${how}`, async ({ comparison, rng }) => {
        for (const g of pick(rng)) {
          await comparison.run(
            JSON.stringify(g),
            [rng.normal(imageOf(g))],
            [{ shape: windowsOf(g), dtype: "float32", tolerance: mean }],
            (device, [x]) => [device.kernels.averagePool(x!, g, countPadding)],
          );
        }
      });
      claim("averagePoolGradient", `${name}, ${how}`, async ({ comparison, rng }) => {
        for (const g of pick(rng)) {
          await comparison.run(
            JSON.stringify(g),
            [rng.normal(windowsOf(g))],
            [{ shape: imageOf(g), dtype: "float32", tolerance: mean }],
            (device, [dy]) => [device.kernels.averagePoolGradient(dy!, g, countPadding)],
          );
        }
      });
    }
  }
  claim("maxPool", "padding never wins: a window of −∞ points into the image", async ({ comparison }) => {
    const g = poolGeometry({ batch: 1, size: [2, 2], kernel: [2, 2], stride: [2, 2], pad: [1, 1, 1, 1] }, 1);
    await comparison.against(
      "corners",
      [floats([-Infinity, -3, -4, -5], [1, 2, 2, 1])],
      [
        { shape: [1, 2, 2, 1], dtype: "float32" },
        { shape: [1, 2, 2, 1], dtype: "int32" },
      ],
      (device, [x]) => {
        const { values, indices } = device.kernels.maxPool(x!, g);
        return [values, indices];
      },
      [
        [-Infinity, -3, -4, -5],
        [0, 1, 2, 3],
      ],
    );
  });
  claim("averagePool", "the divisor with padding is the window, without it what lies in the image", async ({ comparison }) => {
    const g = poolGeometry({ batch: 1, size: [2, 2], kernel: [2, 2], stride: [2, 2], pad: [1, 1, 1, 1] }, 1);
    const x = floats([4, 8, 12, NaN], [1, 2, 2, 1]);
    const output = { shape: [1, 2, 2, 1], dtype: "float32" } as const;
    await comparison.against(
      "corners",
      [x],
      [output, output],
      (device, [a]) => [device.kernels.averagePool(a!, g, true), device.kernels.averagePool(a!, g, false)],
      [
        [1, 2, 3, NaN],
        [4, 8, 12, NaN],
      ],
    );
  });
}
