/** The contract of element-wise kernels: every operation, every form of broadcasting, every dtype, and what NaN and ∞ become. */

import type { BinaryOp, CompareOp, UnaryOp } from "../backend.ts";
import type { DType } from "../dtype.ts";
import type { HostTensor } from "../host-tensor.ts";
import type { Rng } from "../rng.ts";
import { broadcastShapes, formatShape, type Shape } from "../shape.ts";
import { exact, oneRounding, type Tolerance, transcendental } from "./closeness.ts";
import type { Claim } from "./kernel-contract.ts";
import { bools, floats, ints, mapFloats, negativeNaNs, repeated, sample, shapes, specials, sprinkle, wholes } from "./sample.ts";

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

function unaryContract(claim: Claim): void {
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

/** Pairs of shapes: equal, scalar, row, column, both ways, mutual, inner, of one and of no elements, of six axes. */
const pairs: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[7], [7]],
  [
    [4, 5],
    [4, 5],
  ],
  [[4, 5], []],
  [[], [4, 5]],
  [[4, 5], [5]],
  [[5], [4, 5]],
  [
    [4, 5],
    [4, 1],
  ],
  [
    [4, 1],
    [1, 5],
  ],
  [
    [2, 3, 4],
    [3, 1],
  ],
  [
    [2, 1, 4, 1],
    [3, 1, 5],
  ],
  [
    [6, 1, 3, 2],
    [1, 4, 1, 2],
  ],
  [[1, 1], [1]],
  [[0, 3], [3]],
  [[0], [1]],
  [
    [2, 3, 2, 2, 3, 2],
    [3, 1, 2, 1, 2],
  ],
];

const largePairs: readonly (readonly [Shape, Shape])[] = [
  [
    [511, 513],
    [511, 513],
  ],
  [[511, 513], [513]],
  [
    [511, 513],
    [511, 1],
  ],
  [[262_147], []],
];

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

function binaryContract(claim: Claim): void {
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
    const inputs = [floats([0, 0, -2, -2, 2, 0, -8, NaN, Infinity, 4, 2]), floats([2, -1, 3, 2, 0, 0, 1 / 3, 2, 2, 0.5, -Infinity])];
    const tolerance = { absolute: 0, relative: 1e-5 };
    await comparison.run("powers", inputs, [{ shape: [11], dtype: "float32", tolerance }], (device, [x, y]) => [
      device.kernels.binary("power", x!, y!, [11]),
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

const comparisons = ["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"] as const satisfies CompareOp[];

function compareContract(claim: Claim): void {
  const check = (op: CompareOp, dtype: DType): void => {
    claim("compare", `${op} of ${dtype} broadcasts`, async ({ comparison, rng }) => {
      for (const [a, b] of [...pairs, ...largePairs]) {
        const shape = broadcastShapes(op, a, b);
        const make = (part: Shape): HostTensor =>
          dtype === "float32" ? mapFloats(wholes(rng, part, -3, 4), (x) => x / 2) : sample(rng, part, dtype);
        await comparison.run(`${formatShape(a)} ${formatShape(b)}`, [make(a), make(b)], [{ shape, dtype: "bool" }], (device, [x, y]) => [
          device.kernels.compare(op, x!, y!, shape),
        ]);
      }
    });
  };
  for (const op of comparisons) for (const dtype of ["float32", "int32"] as const) check(op, dtype);
  for (const op of ["equal", "notEqual", "logicalAnd", "logicalOr", "logicalXor"] as const) check(op, "bool");
  claim("compare", "with NaN only notEqual is true", async ({ comparison }) => {
    const inputs = [floats([NaN, NaN, 1, Infinity]), floats([NaN, 1, NaN, Infinity])];
    await comparison.against(
      "NaN",
      inputs,
      comparisons.map(() => ({ shape: [4], dtype: "bool" })),
      (device, [x, y]) => comparisons.map((op) => device.kernels.compare(op, x!, y!, [4])),
      [
        [0, 0, 0, 1],
        [1, 1, 1, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 1],
        [0, 0, 0, 0],
        [0, 0, 0, 1],
      ],
    );
  });
}

function choiceContract(claim: Claim): void {
  const forms: readonly (readonly [Shape, Shape, Shape, Shape])[] = [
    [[], [], [], []],
    [[0], [0], [0], [0]],
    [[5], [5], [5], [5]],
    [[3, 4], [3, 4], [], [3, 4]],
    [[3, 4], [], [3, 4], [3, 4]],
    [[3, 1], [4], [3, 4], [3, 4]],
    [[4], [3, 1], [2, 1, 1], [2, 3, 4]],
    [[], [3, 4], [3, 4], [3, 4]],
    [[513, 511], [513, 511], [], [513, 511]],
  ];
  for (const dtype of ["float32", "int32", "bool"] as const) {
    claim("where", `chooses among ${dtype}`, async ({ comparison, rng }) => {
      for (const [c, a, b, shape] of forms) {
        const inputs = [sample(rng, c, "bool"), sample(rng, a, dtype), sample(rng, b, dtype)];
        await comparison.run(formatShape(shape), inputs, [{ shape, dtype }], (device, [m, x, y]) => [
          device.kernels.where(m!, x!, y!, shape),
        ]);
      }
    });
    claim("fill", `holds one ${dtype}`, async ({ comparison }) => {
      for (const shape of shapes) {
        for (const value of dtype === "float32" ? [0, -1.5, NaN, Infinity] : [0, 1]) {
          await comparison.run(`${formatShape(shape)} of ${value}`, [], [{ shape, dtype }], (device) => [
            device.kernels.fill(shape, dtype, value),
          ]);
        }
      }
    });
    claim("broadcast", `stretches ${dtype}`, async ({ comparison, rng }) => {
      for (const [b, a] of [...pairs, ...largePairs]) {
        const shape = broadcastShapes("broadcast", a, b);
        await comparison.run(`${formatShape(a)} to ${formatShape(shape)}`, [sample(rng, a, dtype)], [{ shape, dtype }], (device, [x]) => [
          device.kernels.broadcast(x!, shape),
        ]);
      }
    });
    for (const target of ["float32", "int32", "bool"] as const) {
      claim("cast", `${dtype} to ${target}`, async ({ comparison, rng }) => {
        for (const shape of shapes) {
          const x = sample(rng, shape, dtype);
          await comparison.run(formatShape(shape), [x], [{ shape, dtype: target }], (device, [a]) => [device.kernels.cast(a!, target)]);
        }
      });
    }
  }
  claim("where", "the side not chosen leaves no NaN", async ({ comparison }) => {
    const inputs = [bools([1, 0, 1]), floats([1, NaN, NaN]), floats([NaN, 2, Infinity])];
    await comparison.against(
      "NaN",
      inputs,
      [{ shape: [3], dtype: "float32" }],
      (device, [m, x, y]) => [device.kernels.where(m!, x!, y!, [3])],
      [[1, 2, NaN]],
    );
  });
  claim("cast", "floats truncate, and whatever is not zero is true", async ({ comparison }) => {
    const x = floats([1.9, -1.9, 0.4, -0.4, 16777215]);
    await comparison.against(
      "truncation",
      [x, sprinkle(floats([0, 0, 3, 0]), [NaN, 0.1], 3)],
      [
        { shape: [5], dtype: "int32" },
        { shape: [4], dtype: "bool" },
      ],
      (device, [a, b]) => [device.kernels.cast(a!, "int32"), device.kernels.cast(b!, "bool")],
      [
        [1, -1, 0, 0, 16777215],
        [1, 0, 1, 1],
      ],
    );
  });
}

export function elementwiseContract(claim: Claim): void {
  unaryContract(claim);
  binaryContract(claim);
  compareContract(claim);
  choiceContract(claim);
}
