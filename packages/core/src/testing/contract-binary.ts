/** The contract of element-wise operations of two inputs: every operation and form of broadcasting, and what NaN and ∞ become. */

import type { BinaryOp } from "../backend.ts";
import type { HostTensor } from "../host-tensor.ts";
import type { Rng } from "../rng.ts";
import { broadcastShapes, formatShape, type Shape } from "../shape.ts";
import { exact, oneRounding, type Tolerance, transcendental } from "./closeness.ts";
import type { Claim } from "./kernel-contract.ts";
import { floats, ints, mapFloats, repeated, sample, wholes } from "./sample.ts";
import { largePairs, pairs } from "./shape-pairs.ts";

const positive = (x: number): number => Math.abs(x) + 1e-3;

interface BinaryCase {
  readonly tolerance: Tolerance;
  /** Both inputs, where normal numbers will not do. */
  readonly inputs?: (rng: Rng, a: Shape, b: Shape) => HostTensor[];
}

const notZero = (x: number): number => (x === 0 ? 1 : x);

const binaryCases: Record<BinaryOp, BinaryCase> = {
  add: { tolerance: oneRounding },
  subtract: { tolerance: oneRounding },
  multiply: { tolerance: oneRounding },
  divide: { tolerance: oneRounding },
  // eʸˡⁿˣ magnifies the rounding of its exponent, here up to about 8.
  power: {
    tolerance: { absolute: 1e-7, relative: 1e-5 },
    inputs: (rng, a, b) => [mapFloats(sample(rng, a, "float32"), positive), sample(rng, b, "float32")],
  },
  maximum: { tolerance: exact },
  minimum: { tolerance: exact },
  // Eighths and quarters: the quotient of others may round up to a whole number, and the remainder jump.
  modulo: {
    tolerance: { absolute: 1e-6, relative: 1e-6 },
    inputs: (rng, a, b) => [mapFloats(wholes(rng, a, -500, 500), (x) => x / 8), mapFloats(wholes(rng, b, -20, 20), (x) => notZero(x) / 4)],
  },
  atan2: { tolerance: transcendental },
  // The difference is rounded before it is squared, and may be much smaller than what it came from.
  squaredDifference: { tolerance: { absolute: 1e-6, relative: 1e-6 } },
  reluGradient: { tolerance: exact },
  tanhGradient: { tolerance: { absolute: 1e-6, relative: 1e-6 } },
  sigmoidGradient: { tolerance: { absolute: 1e-6, relative: 1e-6 } },
  geluGradient: { tolerance: { absolute: 1e-6, relative: 4e-6 } },
  geluTanhGradient: { tolerance: { absolute: 1e-6, relative: 4e-6 } },
  siluGradient: { tolerance: { absolute: 1e-6, relative: 4e-6 } },
};

export function binaryContract(claim: Claim): void {
  for (const [name, { tolerance, inputs }] of Object.entries(binaryCases)) {
    const op = name as BinaryOp;
    claim("binary", `${op} broadcasts`, async ({ comparison, rng }) => {
      for (const [a, b] of [...pairs, ...largePairs]) {
        const shape = broadcastShapes(op, a, b);
        const operands = inputs?.(rng, a, b) ?? [sample(rng, a, "float32"), sample(rng, b, "float32")];
        await comparison.run(
          `${formatShape(a)} ${formatShape(b)}`,
          operands,
          [{ shape, dtype: "float32", tolerance }],
          (device, [x, y]) => [device.kernels.binary(op, x!, y!, shape)],
        );
      }
    });
  }
  for (const op of ["add", "subtract", "multiply", "divide", "maximum", "minimum", "squaredDifference"] as const) {
    claim("binary", `${op} of NaN, ∞ and zeros`, async ({ comparison }) => {
      const values = [NaN, Infinity, -Infinity, 0, 1, -2];
      const left = repeated(values.flatMap((value) => values.map(() => value)));
      const right = repeated(values.flatMap(() => values));
      for (const [inputs, shape] of [
        [
          [floats(values, [6, 1]), floats(values, [1, 6])],
          [6, 6],
        ],
        [[left, right], left.shape],
      ] as const) {
        await comparison.run(formatShape(shape), inputs, [{ shape, dtype: "float32" }], (device, [x, y]) => [
          device.kernels.binary(op, x!, y!, shape),
        ]);
      }
    });
  }
  for (const op of ["atan2", "modulo", "tanhGradient", "sigmoidGradient", "geluGradient", "geluTanhGradient", "siluGradient"] as const) {
    claim("binary", `${op} keeps NaN`, async ({ comparison }) => {
      const inputs = [floats([NaN, 1, NaN, 1]), floats([1, NaN, NaN, 1])];
      const tolerance = { absolute: 1e-6, relative: 1e-5 };
      await comparison.run("NaN", inputs, [{ shape: [4], dtype: "float32", tolerance }], (device, [x, y]) => [
        device.kernels.binary(op, x!, y!, [4]),
      ]);
    });
  }
  claim("binary", "reluGradient lets the gradient through where y > 0, NaN and ∞ too", async ({ comparison }) => {
    const gradient = [NaN, Infinity, 1, NaN, 2, 3, 4];
    const gate = [1, 1, -1, 0, Infinity, -0, -Infinity];
    const expected = [NaN, Infinity, 0, 0, 2, 0, 0];
    for (const make of [floats, repeated]) {
      const [g, y] = [make(gradient), make(gate)];
      await comparison.against(
        "gate",
        [g, y],
        [{ shape: g.shape, dtype: "float32" }],
        (device, [a, b]) => [device.kernels.binary("reluGradient", a!, b!, g.shape)],
        [make(expected).data],
      );
    }
  });
  claim("binary", "power of zero, negative and infinite numbers", async ({ comparison }) => {
    const inputs = [
      floats([0, 0, -2, -2, 2, 0, -8, NaN, Infinity, 4, 2, 1, -1, 0.5]),
      floats([2, -1, 3, 2, 0, 0, 1 / 3, 2, 2, 0.5, -Infinity, Infinity, -Infinity, -Infinity]),
    ];
    const tolerance = { absolute: 0, relative: 1e-5 };
    await comparison.run("powers", inputs, [{ shape: [14], dtype: "float32", tolerance }], (device, [x, y]) => [
      device.kernels.binary("power", x!, y!, [14]),
    ]);
  });
  claim("binary", "modulo is exact however large the quotient, and takes infinite divisors", async ({ comparison }) => {
    const dividends = [5.1, 1e6, -1e7, 1e30, -3, 8388609, 5, -5, 5, 0, -6, Infinity];
    const divisors = [1.7, 0.1, 0.3, 7, 1e-30, -0.5, Infinity, Infinity, -Infinity, 3, 3, 2];
    const output = { shape: [12], dtype: "float32", tolerance: { absolute: 0, relative: 3e-7 } } as const;
    await comparison.run("modulo", [floats(dividends), floats(divisors)], [output], (device, [x, y]) => [
      device.kernels.binary("modulo", x!, y!, [12]),
    ]);
  });
  for (const op of ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "modulo", "squaredDifference"] as const) {
    claim("binary", `${op} of int32`, async ({ comparison, rng }) => {
      for (const [a, b] of pairs) {
        const shape = broadcastShapes(op, a, b);
        const divisor = wholes(rng, b, op === "power" ? 0 : -9, 7);
        if (op === "divide" || op === "modulo") for (let i = 0; i < divisor.data.length; i++) divisor.data[i] = notZero(divisor.data[i]!);
        const dividend = op === "power" ? wholes(rng, a, -5, 6) : sample(rng, a, "int32");
        await comparison.run(`${formatShape(a)} ${formatShape(b)}`, [dividend, divisor], [{ shape, dtype: "int32" }], (device, [x, y]) => [
          device.kernels.binary(op, x!, y!, shape),
        ]);
      }
    });
  }
  claim("binary", "int32 division truncates and modulo takes the divisor's sign", async ({ comparison }) => {
    const inputs = [ints([7, -7, 7, -7, 6, -6]), ints([2, 2, -2, -2, 3, 3])];
    await comparison.against(
      "signs",
      inputs,
      [
        { shape: [6], dtype: "int32" },
        { shape: [6], dtype: "int32" },
      ],
      (device, [x, y]) => [device.kernels.binary("divide", x!, y!, [6]), device.kernels.binary("modulo", x!, y!, [6])],
      [
        [3, -3, -3, 3, 2, -2],
        [1, 1, -1, -1, 0, 0],
      ],
    );
  });
}
