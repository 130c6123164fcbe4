/** The contract of element-wise operations of one input: every operation, shape and dtype, and what NaN and ∞ become. */

import type { UnaryOp } from "../backend.ts";
import type { DType } from "../dtype.ts";
import { formatShape } from "../shape.ts";
import { exact, oneRounding, type Tolerance, transcendental } from "./closeness.ts";
import type { Claim } from "./kernel-contract.ts";
import { floats, mapFloats, negativeNaNs, repeated, sample, shapes, specials } from "./sample.ts";

interface UnaryCase {
  readonly tolerance: Tolerance;
  /** Maps a normal number to one the operation is tried on. */
  readonly domain?: (x: number) => number;
  /** Special values the operation is not held to, with the reason beside them. */
  readonly except?: (x: number) => boolean;
}

const positive = (x: number): number => Math.abs(x) + 1e-3;
// x·Φ(x) and x·σ(x) are 0·∞ at −∞: NaN by the formula, 0 by the limit. Either will do.
const minusInfinity = (x: number): boolean => x === -Infinity;
// Near zero the relative error must hold: that is what these two are for.
const relativeOnly: Tolerance = { absolute: 0, relative: 4e-6 };

const unaryCases: Record<UnaryOp, UnaryCase> = {
  abs: { tolerance: exact },
  negate: { tolerance: exact },
  sign: { tolerance: exact },
  exp: { tolerance: transcendental },
  expm1: { tolerance: relativeOnly },
  log: { tolerance: transcendental, domain: positive },
  log1p: { tolerance: relativeOnly, domain: positive },
  sqrt: { tolerance: oneRounding, domain: positive },
  rsqrt: { tolerance: transcendental, domain: positive },
  square: { tolerance: oneRounding },
  reciprocal: { tolerance: oneRounding },
  // Large angles lose their meaning in float32 before any sine is taken.
  sin: { tolerance: { absolute: 5e-7, relative: 4e-6 } },
  cos: { tolerance: { absolute: 5e-7, relative: 4e-6 } },
  // Kept from its poles, where the rounding of the argument is all there is.
  tan: {
    tolerance: { absolute: 1e-6, relative: 1e-5 },
    domain: Math.tanh,
    except: (x) => Math.abs(x) > 1.5 && x !== 20 && Number.isFinite(x),
  },
  atan: { tolerance: transcendental },
  tanh: { tolerance: transcendental },
  sigmoid: { tolerance: transcendental },
  softplus: { tolerance: transcendental },
  relu: { tolerance: exact },
  erf: { tolerance: transcendental },
  gelu: { tolerance: transcendental, except: minusInfinity },
  geluTanh: { tolerance: transcendental, except: minusInfinity },
  silu: { tolerance: transcendental, except: minusInfinity },
  floor: { tolerance: exact },
  ceil: { tolerance: exact },
  round: { tolerance: exact },
  logicalNot: { tolerance: exact },
  isNaN: { tolerance: exact },
  isFinite: { tolerance: exact },
};

export function unaryContract(claim: Claim): void {
  for (const [name, { tolerance, domain = (x: number) => x, except = () => false }] of Object.entries(unaryCases)) {
    const op = name as UnaryOp;
    const input: DType = op === "logicalNot" ? "bool" : "float32";
    const output: DType = op === "logicalNot" || op === "isNaN" || op === "isFinite" ? "bool" : "float32";
    claim("unary", `${op} of every shape`, async ({ comparison, rng }) => {
      for (const shape of shapes) {
        const x = input === "bool" ? sample(rng, shape, "bool") : mapFloats(sample(rng, shape, "float32"), domain);
        await comparison.run(formatShape(shape), [x], [{ shape, dtype: output, tolerance }], (device, [a]) => [
          device.kernels.unary(op, a!),
        ]);
      }
    });
    if (input === "bool") continue;
    claim("unary", `${op} of NaN, ∞, zeros and extremes`, async ({ comparison }) => {
      const values = specials.filter((value) => !except(value));
      for (const x of [floats(values), repeated(values), negativeNaNs()]) {
        await comparison.run("specials", [x], [{ shape: x.shape, dtype: output, tolerance }], (device, [a]) => [
          device.kernels.unary(op, a!),
        ]);
      }
    });
  }
  for (const op of ["abs", "negate", "sign", "square"] as const) {
    claim("unary", `${op} of int32`, async ({ comparison, rng }) => {
      for (const shape of [[0], [1], [13], [3, 5]]) {
        const x = sample(rng, shape, "int32");
        await comparison.run(formatShape(shape), [x], [{ shape, dtype: "int32" }], (device, [a]) => [device.kernels.unary(op, a!)]);
      }
    });
  }
  claim("unary", "exp and expm1 end where float32 does, at 88.72", async ({ comparison }) => {
    const x = floats([87.9, 88.3, 88.4, 88.6, 88.7, 88.722, 88.73, 89]);
    for (const op of ["exp", "expm1"] as const) {
      const output = { shape: x.shape, dtype: "float32", tolerance: transcendental } as const;
      await comparison.run(op, [x], [output], (device, [a]) => [device.kernels.unary(op, a!)]);
    }
  });
  claim("unary", "sin and cos of large angles, of which a float32 says all there is to know", async ({ comparison }) => {
    const x = floats([4999, 5001, -1e5, 1e6, 3.3e6, -1e7, 1e8, 1e10, -1e20, 3e38]);
    const output = { shape: x.shape, dtype: "float32", tolerance: { absolute: 5e-7, relative: 4e-6 } } as const;
    for (const op of ["sin", "cos"] as const) {
      await comparison.run(op, [x], [output], (device, [a]) => [device.kernels.unary(op, a!)]);
    }
  });
  claim("unary", "round takes halves to even", async ({ comparison }) => {
    const x = floats([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997, 8388607.5, 16777216]);
    const expected = [[0, 2, 2, 0, -2, -2, 0, 8388608, 16777216]];
    await comparison.against(
      "halves",
      [x],
      [{ shape: x.shape, dtype: "float32" }],
      (device, [a]) => [device.kernels.unary("round", a!)],
      expected,
    );
  });
}
