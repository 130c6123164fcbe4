/** For tests: convolutions and their gradients over numbers drawn from one seed, on any device. */

import { type BackendDevice, type ConvGeometry, type Operand, Rng, sizeOf, type TypedArray } from "@dl/core";

export const kernels = ["conv2d", "conv2dInputGradient", "conv2dFilterGradient"] as const;
export type Kernel = (typeof kernels)[number];

const shapesOf = (g: ConvGeometry) => ({
  x: [g.batch, g.height, g.width, g.inChannels],
  w: [g.kernelHeight, g.kernelWidth, g.inChannels, g.outChannels],
  y: [g.batch, g.outHeight, g.outWidth, g.outChannels],
});

/** Products in a sum of a kernel's result. */
export const termsOf = (g: ConvGeometry): Readonly<Record<Kernel, number>> => ({
  conv2d: g.kernelHeight * g.kernelWidth * g.inChannels,
  conv2dInputGradient: (g.kernelHeight * g.kernelWidth * g.outChannels) / (g.strideHeight * g.strideWidth),
  conv2dFilterGradient: g.batch * g.outHeight * g.outWidth,
});

/** A kernel over normal numbers, the convolution with bias and ReLU; `spoil` is given the first operand's. */
export async function run(
  on: BackendDevice,
  kernel: Kernel,
  { g, spoil }: { g: ConvGeometry; spoil?: (data: Float32Array) => void },
): Promise<TypedArray> {
  const shapes = { ...shapesOf(g), bias: [g.outChannels] };
  const { float } = on.capabilities;
  const made: unknown[] = [];
  const operand = (name: keyof typeof shapes, change?: (data: Float32Array) => void): Operand<unknown> => {
    const { shape, data } = new Rng(3).fork(name).normal(shapes[name]);
    change?.(data as Float32Array);
    const buffer = on.upload(data, float);
    made.push(buffer);
    return { buffer, shape, dtype: float };
  };
  const calls = {
    conv2d: () => on.kernels.conv2d(operand("x", spoil), operand("w"), g, { bias: operand("bias"), activation: "relu" }),
    conv2dInputGradient: () => on.kernels.conv2dInputGradient(operand("y", spoil), operand("w"), g),
    conv2dFilterGradient: () => on.kernels.conv2dFilterGradient(operand("x", spoil), operand("y"), g),
  };
  const result = calls[kernel]();
  made.push(result);
  const values = await on.read(
    result,
    float,
    sizeOf(shapes[({ conv2d: "y", conv2dInputGradient: "x", conv2dFilterGradient: "w" } as const)[kernel]]),
  );
  for (const buffer of made) on.free(buffer);
  return values;
}
