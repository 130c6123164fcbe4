/** The contract of convolutions and their gradients. */

import type { ConvGeometry } from "../backend.ts";
import { sumOf } from "./closeness.ts";
import type { Claim, ClaimContext } from "./kernel-contract.ts";
import { floats } from "./sample.ts";
import { convGeometry, randomWindow } from "./windows.ts";

const geometries: Readonly<Record<string, ConvGeometry>> = {
  "one pixel, one tap": convGeometry({ batch: 1, size: [1, 1], kernel: [1, 1] }, 1, 1),
  "3×3, same": convGeometry({ size: [6, 7], kernel: [3, 3], pad: [1, 1, 1, 1] }, 3, 5),
  "3×3, valid, eight channels": convGeometry({ size: [8, 8], kernel: [3, 3] }, 8, 8),
  "1×1": convGeometry({ size: [5, 4], kernel: [1, 1] }, 7, 6),
  "1×1, stride 2": convGeometry({ size: [5, 6], kernel: [1, 1], stride: [2, 2] }, 4, 3),
  "5×5, the reach of LeNet": convGeometry({ size: [12, 12], kernel: [5, 5] }, 6, 16),
  "stride 2, asymmetric padding": convGeometry({ size: [8, 8], kernel: [3, 3], stride: [2, 2], pad: [0, 1, 0, 1] }, 3, 4),
  "stride 2, more padding before than behind, nine channels": convGeometry(
    { size: [8, 9], kernel: [3, 5], stride: [2, 2], pad: [1, 0, 3, 1] },
    9,
    4,
  ),
  "4×4, stride 2, halving eight channels": convGeometry({ size: [8, 6], kernel: [4, 4], stride: [2, 2], pad: [1, 1, 1, 1] }, 8, 5),
  "stride 3 and 2": convGeometry({ size: [11, 9], kernel: [3, 2], stride: [3, 2], pad: [1, 0, 0, 1] }, 2, 3),
  "dilation 2": convGeometry({ size: [9, 8], kernel: [3, 3], dilation: [2, 2], pad: [2, 2, 2, 2] }, 3, 4),
  "dilation 2, stride 2": convGeometry({ size: [9, 8], kernel: [3, 2], dilation: [2, 3], stride: [2, 2], pad: [1, 2, 1, 1] }, 2, 3),
  "two groups": convGeometry({ size: [6, 5], kernel: [3, 3], pad: [1, 1, 1, 1] }, 4, 6, 2),
  "three groups, stride 2": convGeometry({ size: [7, 7], kernel: [3, 3], stride: [2, 2] }, 6, 9, 3),
  depthwise: convGeometry({ size: [6, 7], kernel: [3, 3], pad: [1, 1, 1, 1] }, 5, 5, 5),
  "depthwise, stride 2": convGeometry({ size: [7, 6], kernel: [3, 3], stride: [2, 2], pad: [1, 1, 1, 1] }, 8, 8, 8),
  "depthwise, two outputs a channel": convGeometry({ size: [5, 5], kernel: [3, 3], dilation: [2, 1], pad: [2, 2, 1, 1] }, 3, 6, 3),
  "a kernel larger than the image": convGeometry({ size: [3, 2], kernel: [5, 5], pad: [2, 2, 2, 2] }, 3, 4),
  "padding wider than the kernel": convGeometry({ size: [4, 4], kernel: [2, 2], pad: [3, 0, 2, 3] }, 2, 3),
  "rows only": convGeometry({ size: [1, 20], kernel: [1, 5], stride: [1, 2], pad: [0, 0, 2, 2] }, 4, 5),
  "columns no window reaches": convGeometry({ size: [8, 8], kernel: [2, 2], stride: [3, 3] }, 2, 3),
  "no images": convGeometry({ batch: 0, size: [4, 4], kernel: [3, 3] }, 2, 3),
  "more channels than blocks": convGeometry({ batch: 1, size: [4, 5], kernel: [3, 3], pad: [1, 1, 1, 1] }, 67, 131),
  large: convGeometry({ batch: 8, size: [32, 33], kernel: [3, 3], pad: [1, 1, 1, 1] }, 16, 32),
};

const shapesOf = (g: ConvGeometry): { x: number[]; weight: number[]; y: number[]; taps: number } => ({
  x: [g.batch, g.height, g.width, g.inChannels],
  weight: [g.kernelHeight, g.kernelWidth, g.inChannels / g.groups, g.outChannels],
  y: [g.batch, g.outHeight, g.outWidth, g.outChannels],
  taps: g.kernelHeight * g.kernelWidth,
});

async function checkForward({ comparison, rng }: ClaimContext, name: string, g: ConvGeometry): Promise<void> {
  const { x, weight, y, taps } = shapesOf(g);
  const inputs = [rng.normal(x), rng.normal(weight), rng.normal([g.outChannels])];
  const output = { shape: y, dtype: "float32", tolerance: sumOf((taps * g.inChannels) / g.groups) } as const;
  await comparison.run(name, inputs, [output, output, output], (device, [image, kernel, bias]) => [
    device.kernels.conv2d(image!, kernel!, g, {}),
    device.kernels.conv2d(image!, kernel!, g, { bias }),
    device.kernels.conv2d(image!, kernel!, g, { bias, activation: "relu" }),
  ]);
}

async function checkInputGradient({ comparison, rng }: ClaimContext, name: string, g: ConvGeometry): Promise<void> {
  const { x, weight, y, taps } = shapesOf(g);
  const output = { shape: x, dtype: "float32", tolerance: sumOf((taps * g.outChannels) / g.groups) } as const;
  await comparison.run(name, [rng.normal(y), rng.normal(weight)], [output], (device, [dy, kernel]) => [
    device.kernels.conv2dInputGradient(dy!, kernel!, g),
  ]);
}

async function checkFilterGradient({ comparison, rng }: ClaimContext, name: string, g: ConvGeometry): Promise<void> {
  const { x, weight, y } = shapesOf(g);
  const output = { shape: weight, dtype: "float32", tolerance: sumOf(g.batch * g.outHeight * g.outWidth) } as const;
  await comparison.run(name, [rng.normal(x), rng.normal(y)], [output], (device, [image, dy]) => [
    device.kernels.conv2dFilterGradient(image!, dy!, g),
  ]);
}

const checks = {
  conv2d: checkForward,
  conv2dInputGradient: checkInputGradient,
  conv2dFilterGradient: checkFilterGradient,
} as const;

export function convolutionContract(claim: Claim): void {
  for (const kernel of ["conv2d", "conv2dInputGradient", "conv2dFilterGradient"] as const) {
    for (const [name, geometry] of Object.entries(geometries)) {
      claim(kernel, name, async (context) => checks[kernel](context, name, geometry));
    }
    claim(kernel, "geometries drawn at random", async (context) => {
      const { rng } = context;
      for (let trial = 0; trial < 40; trial++) {
        const groups = rng.integer(1, 4);
        const geometry = convGeometry(randomWindow(rng), groups * rng.integer(1, 6), groups * rng.integer(1, 6), groups);
        await checks[kernel](context, JSON.stringify(geometry), geometry);
      }
    });
  }
  claim("conv2d", "a convolution worked by hand", async ({ comparison }) => {
    const g = convGeometry({ batch: 1, size: [3, 3], kernel: [2, 2], pad: [0, 1, 0, 0] }, 1, 1);
    await comparison.against(
      "3×3 by 2×2",
      [floats([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]), floats([1, 10, 100, 1000], [2, 2, 1, 1])],
      [{ shape: [1, 3, 2, 1], dtype: "float32" }],
      (device, [x, w]) => [device.kernels.conv2d(x!, w!, g, {})],
      [[5421, 6532, 8754, 9865, 87, 98]],
    );
  });
  claim("conv2d", "a NaN reaches the windows that see it and no others", async ({ comparison, rng }) => {
    const g = convGeometry({ batch: 1, size: [6, 6], kernel: [3, 3] }, 4, 8);
    const { x, weight, y } = shapesOf(g);
    const image = rng.normal(x);
    image.data[4] = NaN; // Pixel (0, 1).
    await comparison.run("NaN", [image, rng.normal(weight)], [{ shape: y, dtype: "float32", tolerance: sumOf(36) }], (device, [a, w]) => [
      device.kernels.conv2d(a!, w!, g, { activation: "relu" }),
    ]);
  });
}
