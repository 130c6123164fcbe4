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
    }
  /**
   * The same with the blend over places in the list of frequencies, and scores made sharper. Peng et al. 2023, YaRN, arXiv:2309.00071.
   */
  | {
      readonly kind: "yarn";
      readonly factor: number;
      readonly originalContext: number;
      /** Frequencies of so many turns in the original context, and more, are kept. Default 32. */
      readonly fastTurns?: number;
      /** Those of so many, and fewer, are divided. Default 1. */
      readonly slowTurns?: number;
      /** Multiplies queries and keys. Default 0.1 · ln(factor) + 1. */
      readonly sharpness?: number;
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
  const share = scaling && dividedShare({ headSize, base, scaling });
  return Float32Array.from({ length: headSize / 2 }, (_, i) => {
    const frequency = base ** ((-2 * i) / headSize);
    const divided = share ? share(frequency, i) : 0;
    return divided === 0 ? frequency : (1 - divided) * frequency + (divided * frequency) / scaling!.factor;
  });
}

/** How much of frequency i is divided by the factor: 0 keeps it, 1 divides it. */
function dividedShare({ headSize, base, scaling }: { headSize: number; base: number; scaling: RotaryScaling }) {
  switch (scaling.kind) {
    case "linear":
      return (): number => 1;
    case "llama3": {
      const { lowFactor, highFactor, originalContext } = scaling;
      return (frequency: number): number => {
        const turns = (originalContext * frequency) / (2 * Math.PI);
        return 1 - Math.min(1, Math.max(0, (turns - lowFactor) / (highFactor - lowFactor)));
      };
    }
    case "yarn": {
      const { originalContext, fastTurns = 32, slowTurns = 1 } = scaling;
      /** The place in the list of the frequency with so many turns. */
      const placeOf = (turns: number): number => (headSize * Math.log(originalContext / (turns * 2 * Math.PI))) / (2 * Math.log(base));
      const first = Math.max(0, Math.floor(placeOf(fastTurns)));
      const last = Math.min(headSize - 1, Math.ceil(placeOf(slowTurns)));
      // As transformers keeps an empty ramp from dividing by zero.
      const length = last === first ? 0.001 : last - first;
      return (_: number, i: number): number => Math.min(1, Math.max(0, (i - first) / length));
    }
    default:
      return scaling satisfies never;
  }
}

/** The rotation at `positions`, `[T]` or `[B, T]` int32. */
export function rotationOf(positions: Tensor, options: RotaryOptions): Rotation {
  const frequencies = tensor(frequenciesOf(options));
  const [batch, time] = positions.rank === 1 ? [1, positions.shape[0]!] : (positions.shape as readonly [number, number]);
  const angles = positions.cast("float32").reshape([batch, 1, time, 1]).mul(frequencies);
  const { scaling } = options;
  if (scaling?.kind !== "yarn") return { cos: cos(angles), sin: sin(angles) };
  const sharpness = scaling.sharpness ?? 0.1 * Math.log(Math.max(1, scaling.factor)) + 1;
  return { cos: cos(angles).mul(sharpness), sin: sin(angles).mul(sharpness) };
}

/** `[B, H, T, D]`, turned: number i pairs with number i + D / 2, as transformers keeps them. */
export function rotate(x: Tensor, { cos, sin }: Rotation): Tensor {
  const half = x.shape[3]! / 2;
  const first = narrow(x, 3, { start: 0, size: half });
  const second = narrow(x, 3, { start: half, size: half });
  return concat([first.mul(cos).sub(second.mul(sin)), second.mul(cos).add(first.mul(sin))], { axis: 3 });
}
