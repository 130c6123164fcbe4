/** Functions of one input, element by element. */

import type { UnaryOp } from "../backend.ts";
import { isFloat } from "../dtype.ts";
import { DtypeError } from "../errors.ts";
import { differentiable, isRecorded } from "../recording.ts";
import type { Scalar, Tensor } from "../tensor.ts";
import { apply, requireTensor } from "./apply.ts";
import { add, binary, div, mul, sub } from "./arithmetic.ts";
import { greater, where } from "./comparison.ts";
import { fill } from "./creation.ts";
import { currentReluRule } from "./relu-rule.ts";

const integerOps: ReadonlySet<UnaryOp> = new Set(["abs", "negate", "sign", "square"]);

function unary(name: string, op: UnaryOp, x: Tensor): Tensor {
  requireTensor(name, x);
  if (!isFloat(x.dtype) && !(x.dtype === "int32" && integerOps.has(op))) {
    throw new DtypeError(`${name}: expected a float tensor, got ${x.dtype}. Convert it with .cast("float32").`);
  }
  return apply(name, { shape: x.shape, dtype: x.dtype }, (kernels) => kernels.unary(op, x));
}

export function neg(x: Scalar): Scalar;
export function neg(x: Tensor): Tensor;
export function neg(x: Tensor): Tensor {
  return differentiable(unary("neg", "negate", x), [x], [neg]);
}

/** |x|; the gradient at 0 is 0. */
export function abs(x: Scalar): Scalar;
export function abs(x: Tensor): Tensor;
export function abs(x: Tensor): Tensor {
  return differentiable(unary("abs", "abs", x), [x], [(g) => mul(g, sign(x))]);
}

/** −1, 0 or 1; no gradient. */
export function sign(x: Tensor): Tensor {
  return unary("sign", "sign", x);
}

export function exp(x: Scalar): Scalar;
export function exp(x: Tensor): Tensor;
export function exp(x: Tensor): Tensor {
  const y = unary("exp", "exp", x);
  return differentiable(y, [x], [(g) => mul(g, y)]);
}

/** eˣ − 1, exact near 0. */
export function expm1(x: Tensor): Tensor {
  const y = unary("expm1", "expm1", x);
  return differentiable(y, [x], [(g) => mul(g, add(y, 1))]);
}

export function log(x: Scalar): Scalar;
export function log(x: Tensor): Tensor;
export function log(x: Tensor): Tensor {
  return differentiable(unary("log", "log", x), [x], [(g) => div(g, x)]);
}

/** ln(1 + x), exact near 0. */
export function log1p(x: Tensor): Tensor {
  return differentiable(unary("log1p", "log1p", x), [x], [(g) => div(g, add(x, 1))]);
}

export function sqrt(x: Scalar): Scalar;
export function sqrt(x: Tensor): Tensor;
export function sqrt(x: Tensor): Tensor {
  const y = unary("sqrt", "sqrt", x);
  return differentiable(y, [x], [(g) => div(g, mul(y, 2))]);
}

/** 1/√x. */
export function rsqrt(x: Tensor): Tensor {
  const y = unary("rsqrt", "rsqrt", x);
  return differentiable(y, [x], [(g) => mul(mul(g, -0.5), div(y, x))]);
}

export function square(x: Scalar): Scalar;
export function square(x: Tensor): Tensor;
export function square(x: Tensor): Tensor {
  return differentiable(unary("square", "square", x), [x], [(g) => mul(mul(g, 2), x)]);
}

export function reciprocal(x: Tensor): Tensor {
  const y = unary("reciprocal", "reciprocal", x);
  return differentiable(y, [x], [(g) => neg(mul(g, square(y)))]);
}

export function sin(x: Tensor): Tensor {
  return differentiable(unary("sin", "sin", x), [x], [(g) => mul(g, cos(x))]);
}

export function cos(x: Tensor): Tensor {
  return differentiable(unary("cos", "cos", x), [x], [(g) => neg(mul(g, sin(x)))]);
}

export function tan(x: Tensor): Tensor {
  const y = unary("tan", "tan", x);
  return differentiable(y, [x], [(g) => mul(g, add(square(y), 1))]);
}

export function atan(x: Tensor): Tensor {
  return differentiable(unary("atan", "atan", x), [x], [(g) => div(g, add(square(x), 1))]);
}

export function tanh(x: Tensor): Tensor {
  const y = unary("tanh", "tanh", x);
  return differentiable(
    y,
    [x],
    [(g) => (isRecorded(g, y) ? mul(g, sub(fill([], 1, { dtype: y.dtype }), square(y))) : binary("tanh", "tanhGradient", { a: g, b: y }))],
  );
}

/** 1/(1 + e⁻ˣ). */
export function sigmoid(x: Tensor): Tensor {
  const y = unary("sigmoid", "sigmoid", x);
  return differentiable(
    y,
    [x],
    [(g) => (isRecorded(g, y) ? mul(g, sub(y, square(y))) : binary("sigmoid", "sigmoidGradient", { a: g, b: y }))],
  );
}

/** ln(1 + eˣ), without overflow. */
export function softplus(x: Tensor): Tensor {
  return differentiable(unary("softplus", "softplus", x), [x], [(g) => mul(g, sigmoid(x))]);
}

/** max(x, 0); the gradient at 0 is 0. */
export function relu(x: Tensor): Tensor {
  const y = unary("relu", "relu", x);
  return differentiable(y, [x], [(g) => reluGradient(g, y)]);
}

/** The gradient where the output y of a ReLU is positive, else 0; itself linear in the gradient. */
export function reluGradient(gradient: Tensor, y: Tensor): Tensor {
  const rule = currentReluRule();
  if (rule !== null) return rule(gradient, y);
  if (isRecorded(gradient)) return where(greater(y, 0), gradient, fill([], 0, { dtype: gradient.dtype }));
  return binary("relu", "reluGradient", { a: gradient, b: y });
}

/** The error function, 2/√π ∫₀ˣ e^(−t²) dt. */
export function erf(x: Tensor): Tensor {
  return differentiable(unary("erf", "erf", x), [x], [(g) => mul(mul(g, 2 / Math.sqrt(Math.PI)), exp(neg(square(x))))]);
}

/** Largest whole number ≤ x; no gradient. */
export function floor(x: Tensor): Tensor {
  return unary("floor", "floor", x);
}

/** Smallest whole number ≥ x; no gradient. */
export function ceil(x: Tensor): Tensor {
  return unary("ceil", "ceil", x);
}

/** Nearest whole number, halves to even; no gradient. */
export function round(x: Tensor): Tensor {
  return unary("round", "round", x);
}

/** x·Φ(x), Φ the normal distribution function. Hendrycks and Gimpel 2016, arXiv:1606.08415. */
export function gelu(x: Tensor): Tensor {
  return differentiable(
    unary("gelu", "gelu", x),
    [x],
    [
      (g) => {
        if (!isRecorded(g, x)) return binary("gelu", "geluGradient", { a: g, b: x });
        const cumulative = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
        const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
        return mul(g, add(cumulative, mul(x, density)));
      },
    ],
  );
}

/** GELU by its tanh approximation, as GPT-2 has it: ½x(1 + tanh(√(2/π)(x + 0.044715x³))). */
export function geluTanh(x: Tensor): Tensor {
  return differentiable(
    unary("geluTanh", "geluTanh", x),
    [x],
    [
      (g) => {
        if (!isRecorded(g, x)) return binary("geluTanh", "geluTanhGradient", { a: g, b: x });
        const scale = Math.sqrt(2 / Math.PI);
        const t = tanh(mul(add(x, mul(mul(square(x), x), 0.044715)), scale));
        const inner = mul(add(mul(square(x), 3 * 0.044715), 1), scale);
        const slope = mul(mul(x, inner), sub(fill([], 1, { dtype: x.dtype }), square(t)));
        return mul(g, mul(add(add(t, 1), slope), 0.5));
      },
    ],
  );
}

/** x·σ(x), also called swish. Elfwing et al. 2017, arXiv:1702.03118. */
export function silu(x: Tensor): Tensor {
  return differentiable(
    unary("silu", "silu", x),
    [x],
    [
      (g) => {
        if (!isRecorded(g, x)) return binary("silu", "siluGradient", { a: g, b: x });
        const s = sigmoid(x);
        return mul(g, add(s, mul(mul(x, s), sub(fill([], 1, { dtype: x.dtype }), s))));
      },
    ],
  );
}
