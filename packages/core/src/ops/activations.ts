/** Activations composed of other operations. */

import { customGradient } from "../custom-gradient.ts";
import type { Tensor } from "../tensor.ts";
import { add, clip, div, mul } from "./arithmetic.ts";
import { greater, less, logicalAnd, where } from "./comparison.ts";
import { split } from "./concat.ts";
import { fill } from "./creation.ts";
import { abs, expm1, sigmoid, softplus, tanh } from "./elementwise.ts";

/** x where positive, else `slope`·x. Maas et al. 2013. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  // As a factor, which no gradient goes through: the way back is one product.
  return mul(x, where(greater(x, 0), fill([], 1, { dtype: x.dtype }), fill([], slope, { dtype: x.dtype })));
}

/** x where positive, else α(eˣ − 1). Clevert et al. 2015, arXiv:1511.07289. */
export function elu(x: Tensor, alpha = 1): Tensor {
  const positive = greater(x, 0);
  // The exponential sees no positive x, where it could overflow and turn 0 · ∞ into NaN on the way back.
  const negative = mul(expm1(where(positive, fill([], 0, { dtype: x.dtype }), x)), alpha);
  return where(positive, x, negative);
}

/** ELU scaled so that activations keep mean 0 and variance 1. Klambauer et al. 2017, arXiv:1706.02515. */
export function selu(x: Tensor): Tensor {
  return mul(elu(x, 1.6732632423543772), 1.0507009873554805);
}

/** x·tanh(softplus(x)). Misra 2019, arXiv:1908.08681. */
export function mish(x: Tensor): Tensor {
  return mul(x, tanh(softplus(x)));
}

/** x held between 0 and 6; the gradient at both is 0. Krizhevsky 2010. */
export function relu6(x: Tensor): Tensor {
  return saturate(x, 6);
}

/** x/6 + ½ held between 0 and 1; the gradient at both is 0. Howard et al. 2019, arXiv:1905.02244. */
export function hardSigmoid(x: Tensor): Tensor {
  return saturate(add(mul(x, 1 / 6), 0.5), 1);
}

/** x held between 0 and `high`, with a ReLU's gradient at the borders, where `clip` lets it through: a unit at rest learns nothing. */
function saturate(x: Tensor, high: number): Tensor {
  return customGradient([x], {
    forward: () => clip(x, 0, high),
    backward: (g) => [where(logicalAnd(greater(x, 0), less(x, high)), g, fill([], 0, { dtype: g.dtype }))],
  });
}

/** x·hardSigmoid(x). Howard et al. 2019, arXiv:1905.02244. */
export function hardSwish(x: Tensor): Tensor {
  return mul(x, hardSigmoid(x));
}

/** x where positive, else a learned slope of it; `slope` broadcasts to x. He et al. 2015, arXiv:1502.01852. */
export function prelu(x: Tensor, slope: Tensor): Tensor {
  return mul(x, where(greater(x, 0), fill([], 1, { dtype: x.dtype }), slope));
}

/** ln σ(x), without underflow. */
export function logSigmoid(x: Tensor): Tensor {
  return mul(softplus(mul(x, -1)), -1);
}

/** x/(1 + |x|). */
export function softsign(x: Tensor): Tensor {
  return div(x, add(abs(x), 1));
}

/** x·σ(1.702x), the first approximation of GELU, as CLIP has it. */
export function quickGelu(x: Tensor): Tensor {
  return mul(x, sigmoid(mul(x, 1.702)));
}

/** The first half of the last axis, gated by σ of the second: `[…, 2C]` → `[…, C]`. Dauphin et al. 2016, arXiv:1612.08083. */
export function glu(x: Tensor): Tensor {
  const [value, gate] = split(x, 2, { axis: -1 });
  return mul(value!, sigmoid(gate!));
}
