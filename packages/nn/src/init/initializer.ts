/** What an initialiser is, and the sizes its formulas speak of. */

import { formatShape, type HostTensor, hostTensor, type Rng, type Shape, ShapeError, sizeOf } from "@dl/core";

/** Makes the first value of a parameter, on the host: the same weights on every device. */
export type Initializer = (shape: Shape, options: { rng: Rng }) => HostTensor;

/** Inputs that reach one output, and outputs one input reaches. */
export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/** Fans of a weight whose last two axes are inputs and outputs: linear `[in, out]`, convolution `[kh, kw, in / groups, out]`. */
export function fansOf(shape: Shape): Fans {
  if (shape.length < 2) {
    throw new ShapeError(`init: expected a weight [..., in, out], got ${formatShape(shape)}. Give biases zeros, constant or uniform.`);
  }
  const receptiveField = sizeOf(shape.slice(0, -2));
  return { fanIn: receptiveField * shape.at(-2)!, fanOut: receptiveField * shape.at(-1)! };
}

/** How much an activation shrinks the standard deviation, inverted. He et al. 2015 for ReLU; the others as `torch.nn.init.calculate_gain`. */
export const gains: Readonly<Record<"linear" | "sigmoid" | "tanh" | "relu" | "selu", number>> = {
  linear: 1,
  sigmoid: 1,
  tanh: 5 / 3,
  relu: Math.SQRT2,
  selu: 3 / 4,
};

/** The gain of a leaky ReLU. He et al. 2015, section 2.2. */
export function leakyReluGain(slope: number): number {
  return Math.sqrt(2 / (1 + slope ** 2));
}

/** A float32 tensor filled with one number. */
export function filled(shape: Shape, value: number): HostTensor {
  return hostTensor(new Float32Array(sizeOf(shape)).fill(value), shape);
}
