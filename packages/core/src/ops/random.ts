/** Random tensors, drawn on the device where the bits allow it. */

import { deviceDType } from "../cell.ts";
import { OptionError } from "../errors.ts";
import { checkBounds, floatBelow, type Rng } from "../rng.ts";
import { currentDevice } from "../scope.ts";
import { checkShape, type Shape, sizeOf } from "../shape.ts";
import { fromBuffer, type Tensor } from "../tensor.ts";
import { requireFloat } from "./apply.ts";
import { add, minimum, mul } from "./arithmetic.ts";
import { less, where } from "./comparison.ts";
import { fill, tensor } from "./creation.ts";

/** Uniform in [low, high), drawn on the device; the same bits on each. */
export function randomUniform(shape: Shape, { rng, low = 0, high = 1 }: { rng: Rng; low?: number; high?: number }): Tensor {
  checkShape("randomUniform", shape);
  checkBounds("randomUniform", low, high);
  const device = currentDevice("randomUniform");
  const [key0, key1] = rng.nextKey();
  const unit = fromBuffer(device, device.kernels.randomUniform(key0, key1, sizeOf(shape)), {
    shape,
    dtype: deviceDType("float32", device),
  });
  if (low === 0 && high === 1) return unit;
  // Scaled numbers near the end may round up to it.
  return minimum(add(mul(unit, high - low), low), Math.max(floatBelow(high), low));
}

/** Normal numbers. Drawn on the host: logarithm and cosine differ between devices, these bits must not. */
export function randomNormal(
  shape: Shape,
  { rng, mean = 0, standardDeviation = 1 }: { rng: Rng; mean?: number; standardDeviation?: number },
): Tensor {
  checkShape("randomNormal", shape);
  return tensor(rng.normal(shape, mean, standardDeviation));
}

/**
 * Normal numbers cut off `bound` standard deviations from the mean: those of `rng.truncatedNormal`. Drawn on the host, as `randomNormal`.
 *
 * @param options.bound  Above 0. Default 2.
 */
export function randomTruncatedNormal(
  shape: Shape,
  { rng, mean = 0, standardDeviation = 1, bound = 2 }: { rng: Rng; mean?: number; standardDeviation?: number; bound?: number },
): Tensor {
  checkShape("randomTruncatedNormal", shape);
  return tensor(rng.truncatedNormal(shape, mean, standardDeviation, bound));
}

/**
 * Int32 from `low` up to, not including, `high`: those of `rng.integers`, exactly uniform. Drawn on the host: a word that would favour some numbers is
 * drawn again, so that which words an element takes depends on all before it.
 */
export function randomIntegers(shape: Shape, { rng, low = 0, high }: { rng: Rng; low?: number; high: number }): Tensor {
  checkShape("randomIntegers", shape);
  return tensor(rng.integers(shape, low, high));
}

/**
 * Int32 indices into `weights`, each in proportion to its weight: those of `rng.categorical`. Drawn on the host: sums of weights in float32 would put
 * the borders elsewhere on each device.
 */
export function randomCategorical(shape: Shape, { rng, weights }: { rng: Rng; weights: ArrayLike<number> }): Tensor {
  checkShape("randomCategorical", shape);
  return tensor(rng.categorical(shape, weights));
}

/** The numbers 0 … length − 1 in random order, int32 `[length]`: those of `rng.permutation`. Drawn on the host: each swap follows those before it. */
export function randomPermutation(length: number, { rng }: { rng: Rng }): Tensor {
  checkShape("randomPermutation", [length]);
  return tensor(rng.permutation(length));
}

/** Bool, true with the given probability (as float32: the same bits on a float64 device), drawn on the device. */
export function randomBernoulli(shape: Shape, { rng, probability }: { rng: Rng; probability: number }): Tensor {
  if (!(probability >= 0 && probability <= 1))
    throw new OptionError(`randomBernoulli: expected a probability from 0 to 1, got ${probability}.`);
  return less(randomUniform(shape, { rng }), Math.fround(probability));
}

/** Each element is zero with probability `rate`; the others grow by 1/(1 − rate). Srivastava et al. 2014. */
export function dropout(x: Tensor, { rate, rng }: { rate: number; rng: Rng }): Tensor {
  requireFloat("dropout", x);
  if (!(rate >= 0 && rate < 1)) throw new OptionError(`dropout: expected a rate from 0 up to, not including, 1, got ${rate}.`);
  if (rate === 0) return x;
  const kept = randomBernoulli(x.shape, { rng, probability: 1 - rate });
  return where(kept, mul(x, 1 / (1 - rate)), fill([], 0, { dtype: x.dtype }));
}
