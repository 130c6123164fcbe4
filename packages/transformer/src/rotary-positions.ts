/** Rotary positions: pairs of a query's or key's numbers turn with the token's place. Su et al. 2021, RoFormer, arXiv:2104.09864. */

import { concat, cos, narrow, sin, type Tensor, tensor } from "@dl/core";

/** How a model meets longer contexts than the one it was trained on. */
export type RotaryScaling =
  /** All positions divided by `factor`. Chen et al. 2023, arXiv:2306.15595. */
  | { readonly kind: "linear"; readonly factor: number }
  /** Slow rotations divided by `factor`, fast ones kept, between them a blend. Grattafiori et al. 2024, arXiv:2407.21783. */
  | {
      readonly kind: "llama3";
      readonly factor: number;
      readonly lowFactor: number;
      readonly highFactor: number;
      readonly originalContext: number;
    };

export interface RotaryOptions {
  headSize: number;
  /** Default 10,000. */
  base?: number;
  /** Default none. */
  scaling?: RotaryScaling | undefined;
}

/** Cosines and sines, `[B or 1, 1, T, D / 2]` each. */
export interface Rotation {
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/** Turns of each pair in one token, in radians. */
export function frequenciesOf({ headSize, base = 10_000, scaling }: RotaryOptions): Float32Array {
  return Float32Array.from({ length: headSize / 2 }, (_, i) => scaled(base ** ((-2 * i) / headSize), scaling));
}

function scaled(frequency: number, scaling: RotaryScaling | undefined): number {
  if (scaling === undefined) return frequency;
  if (scaling.kind === "linear") return frequency / scaling.factor;
  const { factor, lowFactor, highFactor, originalContext } = scaling;
  const turns = (originalContext * frequency) / (2 * Math.PI);
  if (turns > highFactor) return frequency;
  if (turns < lowFactor) return frequency / factor;
  const share = (turns - lowFactor) / (highFactor - lowFactor);
  return ((1 - share) * frequency) / factor + share * frequency;
}

/** The rotation at `positions`, `[T]` or `[B, T]` int32. */
export function rotationOf(positions: Tensor, options: RotaryOptions): Rotation {
  const frequencies = tensor(frequenciesOf(options));
  const [batch, time] = positions.rank === 1 ? [1, positions.shape[0]!] : (positions.shape as readonly [number, number]);
  const angles = positions.cast("float32").reshape([batch, 1, time, 1]).mul(frequencies);
  return { cos: cos(angles), sin: sin(angles) };
}

/** `[B, H, T, D]`, turned: number i pairs with number i + D / 2, as transformers keeps them. */
export function rotate(x: Tensor, { cos, sin }: Rotation): Tensor {
  const half = x.shape[3]! / 2;
  const first = narrow(x, 3, { start: 0, size: half });
  const second = narrow(x, 3, { start: half, size: half });
  return concat([first.mul(cos).sub(second.mul(sin)), second.mul(cos).add(first.mul(sin))], { axis: 3 });
}
