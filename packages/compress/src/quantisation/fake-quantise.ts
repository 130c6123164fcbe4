/** Rounding to integers and back on the device, with a way back for training. Jacob et al. 2018, arXiv:1712.05877; learned steps: Esser et al. 2020, arXiv:1902.08153. */

import { clip, customGradient, logicalAnd, mul, round, ShapeError, sameShape, sum, type Tensor, where, zerosLike } from "@dl/core";
import { activationIntegers, type IntegerRange } from "./integers.ts";

export interface FakeQuantiseOptions {
  /** Above 0; a scalar, or of the rank of `x` with ones where one scale serves an axis. */
  readonly scale: Tensor;
  /** A whole number among `integers`, of the scale's shape; others are taken to the nearest one. Default 0. */
  readonly zeroPoint?: Tensor;
  /** Default −128 to 127. */
  readonly integers?: IntegerRange;
  /** Scale and zero point get gradients, times this: 1 / √(values · highest integer) in the paper. Default they get none. */
  readonly learn?: number;
}

/**
 * scale · (clip(round(x / scale) + zeroPoint) − zeroPoint). The gradient of x goes straight through where nothing was cut, and is zero where it
 * was; that of the scale is equation 3 of Esser et al., with a zero point as in PyTorch's `_fake_quantize_learnable_per_tensor_affine`.
 *
 * @throws ShapeError for a scale or a zero point that does not stretch to the shape of `x`.
 */
export function fakeQuantise(x: Tensor, { scale, zeroPoint, integers = activationIntegers, learn }: FakeQuantiseOptions): Tensor {
  const { low, high } = integers;
  const zero = zeroPoint ?? zerosLike(scale);
  const fits = scale.rank === 0 || (scale.rank === x.rank && scale.shape.every((size, axis) => size === 1 || size === x.shape[axis]));
  if (!fits || !sameShape(zero.shape, scale.shape)) {
    throw new ShapeError(
      `fakeQuantise: expected a scalar scale, or one of [${x.shape.join(", ")}] with ones where it serves an axis, and a zero point of its shape, got [${scale.shape.join(", ")}] and [${zero.shape.join(", ")}].`,
    );
  }
  // Learning may carry it outside, where no integer could hold it.
  const offset = (): Tensor => clip(round(zero), low, high);
  // Each way back works these out anew: they are cheaper to compute than to keep.
  const position = (): Tensor => round(x.div(scale)).add(offset());
  const forward = (): Tensor => clip(position(), low, high).sub(offset()).mul(scale);
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
      const edge = clip(at, low, high).sub(offset());
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
