/** The contract of reductions, places of extremes and running sums. */

import type { ReduceOp } from "../backend.ts";
import type { DType } from "../dtype.ts";
import type { HostTensor } from "../host-tensor.ts";
import type { Rng } from "../rng.ts";
import type { AxisView } from "../shape.ts";
import { exact, sumOf, type Tolerance } from "./closeness.ts";
import type { Launch } from "./comparison.ts";
import type { Claim } from "./kernel-contract.ts";
import { floats, mapFloats, sample, sprinkle, ties, wholes } from "./sample.ts";

const view = (outer: number, length: number, inner: number): AxisView => ({ outer, length, inner });

/** Last axis, middle axis, first axis; of one, of none, odd, large. */
const views: readonly AxisView[] = [
  view(1, 1, 1),
  view(3, 4, 1),
  view(3, 4, 5),
  view(1, 7, 3),
  view(5, 1, 7),
  view(1, 1001, 1),
  view(64, 33, 1),
  view(2, 3, 129),
];
const emptyViews: readonly AxisView[] = [view(2, 0, 1), view(2, 0, 3), view(0, 3, 2), view(2, 3, 0), view(1, 0, 1)];
const largeViews: readonly AxisView[] = [view(1, 262_147, 1), view(1, 511, 513), view(513, 511, 1), view(37, 11, 517)];

const shapeOf = ({ outer, length, inner }: AxisView): number[] => [outer, length, inner];
const nameOf = ({ outer, length, inner }: AxisView): string => `outer ${outer}, length ${length}, inner ${inner}`;

interface ReduceCase {
  readonly op: ReduceOp;
  readonly dtype: DType;
  readonly tolerance: (length: number) => Tolerance;
  readonly input?: (rng: Rng, view: AxisView) => HostTensor;
}

// Factors near one: a product of others leaves the floats.
const nearOne = (rng: Rng, v: AxisView): HostTensor => mapFloats(rng.uniform(shapeOf(v), -1, 1), (x) => 1 + x / Math.max(v.length, 2));
const cases: readonly ReduceCase[] = [
  { op: "sum", dtype: "float32", tolerance: sumOf },
  { op: "mean", dtype: "float32", tolerance: () => ({ absolute: 1e-5, relative: 1e-5 }) },
  // Each factor rounds once.
  { op: "product", dtype: "float32", tolerance: (n) => ({ absolute: 0, relative: 1e-6 + 1.2e-7 * n }), input: nearOne },
  { op: "max", dtype: "float32", tolerance: () => exact },
  { op: "min", dtype: "float32", tolerance: () => exact },
  { op: "sum", dtype: "int32", tolerance: () => exact },
  { op: "product", dtype: "int32", tolerance: () => exact, input: (rng, v) => wholes(rng, shapeOf(v), -1, 2) },
  { op: "max", dtype: "int32", tolerance: () => exact },
  { op: "min", dtype: "int32", tolerance: () => exact },
  { op: "any", dtype: "bool", tolerance: () => exact, input: (rng, v) => rng.bernoulli(shapeOf(v), 0.1) },
  { op: "all", dtype: "bool", tolerance: () => exact, input: (rng, v) => rng.bernoulli(shapeOf(v), 0.9) },
];

function reduceContract(claim: Claim): void {
  for (const { op, dtype, tolerance, input = (rng: Rng, v: AxisView) => sample(rng, shapeOf(v), dtype) } of cases) {
    claim("reduce", `${op} of ${dtype} along any axis`, async ({ comparison, rng }) => {
      for (const v of [...views, ...emptyViews, ...largeViews]) {
        const { outer, length, inner } = v;
        const output = { shape: [outer, inner], dtype, tolerance: tolerance(length) };
        await comparison.run(nameOf(v), [input(rng, v)], [output], (device, [x]) => [device.kernels.reduce(op, x!, outer, length, inner)]);
      }
    });
  }
  const nothing: readonly (readonly [ReduceOp, DType, number])[] = [
    ["sum", "float32", 0],
    ["product", "float32", 1],
    ["max", "float32", -Infinity],
    ["min", "float32", Infinity],
    ["mean", "float32", NaN],
    ["sum", "int32", 0],
    ["product", "int32", 1],
    ["max", "int32", -(2 ** 31)],
    ["min", "int32", 2 ** 31 - 1],
    ["any", "bool", 0],
    ["all", "bool", 1],
  ];
  for (const [op, dtype, value] of nothing) {
    claim("reduce", `${op} of no ${dtype} is ${value}`, async ({ comparison, rng }) => {
      for (const inner of [1, 2]) {
        const x = sample(rng, [2, 0, inner], dtype);
        const launch: Launch = (device, [a]) => [device.kernels.reduce(op, a!, 2, 0, inner)];
        await comparison.against(`inner ${inner}`, [x], [{ shape: [2, inner], dtype }], launch, [new Array<number>(2 * inner).fill(value)]);
      }
    });
  }
  for (const op of ["sum", "product", "max", "min", "mean"] as const) {
    claim("reduce", `${op} keeps NaN, wherever it stands, and ∞`, async ({ comparison }) => {
      const rows = [NaN, 1, 2, 3, 1, NaN, 2, 3, 1, 2, 3, NaN, Infinity, 1, 2, 3, -Infinity, 1, 2, 3, Infinity, -Infinity, 2, 3];
      const inputs = [floats(rows, [6, 4, 1]), floats(rows, [1, 4, 6])];
      const outputs = [
        { shape: [6], dtype: "float32", tolerance: sumOf(4) },
        { shape: [6], dtype: "float32", tolerance: sumOf(4) },
      ] as const;
      await comparison.run("rows and columns", inputs, outputs, (device, [x, y]) => [
        device.kernels.reduce(op, x!, 6, 4, 1),
        device.kernels.reduce(op, y!, 1, 4, 6),
      ]);
    });
  }
}

function argReduceContract(claim: Claim): void {
  for (const op of ["max", "min"] as const) {
    claim("argReduce", `${op} finds the first of equals, and a NaN before all`, async ({ comparison, rng }) => {
      for (const v of [...views, ...largeViews, view(0, 3, 2), view(2, 3, 0)]) {
        const { outer, length, inner } = v;
        const shape = shapeOf(v);
        const inputs = [ties(rng, shape), sprinkle(ties(rng, shape), [NaN, Infinity, -Infinity], 17), sample(rng, shape, "int32")];
        const outputs = inputs.map(() => ({ shape: [outer, inner], dtype: "int32" as const }));
        await comparison.run(nameOf(v), inputs, outputs, (device, operands) =>
          operands.map((x) => device.kernels.argReduce(op, x, outer, length, inner)),
        );
      }
    });
  }
}

function cumulateContract(claim: Claim): void {
  for (const op of ["sum", "product"] as const) {
    for (const exclusive of [false, true]) {
      for (const reverse of [false, true]) {
        const how = `${exclusive ? "exclusive" : "inclusive"}, from the ${reverse ? "end" : "start"}`;
        claim("cumulate", `running ${op}, ${how}`, async ({ comparison, rng }) => {
          for (const v of [...views, ...emptyViews, view(3, 40_009, 1), view(1, 511, 513)]) {
            const shape = shapeOf(v);
            const x = op === "sum" ? sample(rng, shape, "float32") : nearOne(rng, v);
            const whole = op === "sum" ? sample(rng, shape, "int32") : wholes(rng, shape, -1, 2);
            const tolerance = op === "sum" ? sumOf(v.length) : { absolute: 0, relative: 1e-6 + 1.2e-7 * v.length };
            const outputs = [
              { shape, dtype: "float32", tolerance },
              { shape, dtype: "int32" },
            ] as const;
            await comparison.run(nameOf(v), [x, whole], outputs, (device, operands) =>
              operands.map((a) => device.kernels.cumulate(op, a, { ...v, exclusive, reverse })),
            );
          }
        });
      }
    }
    claim("cumulate", `a NaN stays in a running ${op} from where it stands`, async ({ comparison }) => {
      const x = floats([1, 2, NaN, 3]);
      const v = { ...view(1, 4, 1), exclusive: false, reverse: false };
      const expected = op === "sum" ? [1, 3, NaN, NaN] : [1, 2, NaN, NaN];
      await comparison.against("NaN", [x], [{ shape: [4], dtype: "float32" }], (device, [a]) => [device.kernels.cumulate(op, a!, v)], [
        expected,
      ]);
    });
  }
}

export function reductionContract(claim: Claim): void {
  reduceContract(claim);
  argReduceContract(claim);
  cumulateContract(claim);
}
