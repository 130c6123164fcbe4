/** Rounding to integers and back on the device, with a way back for training. Jacob et al. 2018, arXiv:1712.05877; learned steps: Esser et al. 2020, arXiv:1902.08153. */

import { clip, customGradient, logicalAnd, mul, round, ShapeError, sum, type Tensor, where, zerosLike } from "@dl/core";
import { activationIntegers, type IntegerRange } from "./integers.ts";

export interface FakeQuantiseOptions {
  /** Above 0; a scalar, or of the rank of `x` with ones where one scale serves an axis. */
  readonly scale: Tensor;
  /** A whole number, of the scale's shape. Default 0. */
  readonly zeroPoint?: Tensor;
  /** Default −128 to 127. */
  readonly integers?: IntegerRange;
  /** Scale and zero point get gradients, times this: 1 / √(values · highest integer) in the paper. Default they get none. */
  readonly learn?: number;
}

/**
 * scale · (clip(round(x / scale) + zeroPoint) − zeroPoint). The gradient of x goes straight through where nothing was cut, and is zero where it
 * was; that of the scale is equation 3 of Esser et al., with a zero point as in PyTorch's `_fake_quantize_learnable_per_tensor_affine`.
 */
export function fakeQuantise(x: Tensor, { scale, zeroPoint, integers = activationIntegers, learn }: FakeQuantiseOptions): Tensor {
  if (scale.rank !== 0 && scale.rank !== x.rank) {
    throw new ShapeError(`fakeQuantise: expected a scalar scale or one of rank ${x.rank}, got [${scale.shape.join(", ")}].`);
  }
  const { low, high } = integers;
  const zero = zeroPoint ?? zerosLike(scale);
  // Each way back works these out anew: they are cheaper to compute than to keep.
  const position = (): Tensor => round(x.div(scale)).add(round(zero));
  const forward = (): Tensor => clip(position(), low, high).sub(round(zero)).mul(scale);
  const inside = (): Tensor => {
    const at = position();
    return logicalAnd(at.greaterEqual(low), at.lessEqual(high));
  };
  if (learn === undefined) {
    return customGradient([x], { forward, backward: (gradient) => [where(inside(), gradient, zerosLike(gradient))] });
  }
  return customGradient([x, scale, zero], {
    forward,
    backward: (gradient, y) => {
      const kept = inside();
      const at = position();
      const edge = clip(at, low, high).sub(round(zero));
      const byScale = where(kept, y.sub(x).div(scale), edge).mul(gradient);
      const byZero = where(kept, zerosLike(gradient), mul(gradient, scale).neg());
      return [where(kept, gradient, zerosLike(gradient)), reducedTo(byScale, scale).mul(learn), reducedTo(byZero, scale).mul(learn)];
    },
  });
}

/** The sum over all that shares one scale. */
function reducedTo(x: Tensor, { rank, shape }: Tensor): Tensor {
  if (rank === 0) return sum(x);
  const axes = shape.flatMap((size, axis) => (size === 1 ? [axis] : []));
  return axes.length === 0 ? x : sum(x, axes, { keepDims: true });
}
