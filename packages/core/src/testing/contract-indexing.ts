/** The contract of gathering, scattering and sorting. */

import type { DType } from "../dtype.ts";
import type { AxisView } from "../shape.ts";
import { sumOf } from "./closeness.ts";
import type { Claim } from "./kernel-contract.ts";
import { floats, ints, sample, sprinkle, ties, wholes } from "./sample.ts";

interface Rows extends AxisView {
  /** How many rows are taken. */
  readonly k: number;
}

const rows = (outer: number, length: number, inner: number, k: number): Rows => ({ outer, length, inner, k });

const views: readonly Rows[] = [
  rows(1, 1, 1, 1),
  rows(1, 10, 1, 7),
  rows(1, 10, 8, 25),
  rows(3, 5, 4, 6),
  rows(2, 7, 1, 9),
  rows(4, 3, 65, 2),
  rows(2, 4, 3, 0),
  rows(0, 4, 3, 2),
  rows(2, 4, 0, 2),
  rows(1, 5003, 64, 4001),
  rows(3, 1009, 1, 70_001),
];
const nameOf = ({ outer, length, inner, k }: Rows): string => `outer ${outer}, length ${length}, inner ${inner}, k ${k}`;
const dtypes: readonly DType[] = ["float32", "int32", "bool"];

function gatherContract(claim: Claim): void {
  for (const dtype of dtypes) {
    claim("gather", `rows of ${dtype}, some twice`, async ({ comparison, rng }) => {
      for (const v of views) {
        const inputs = [sample(rng, [v.outer, v.length, v.inner], dtype), wholes(rng, [v.k], 0, v.length)];
        await comparison.run(nameOf(v), inputs, [{ shape: [v.outer, v.k, v.inner], dtype }], (device, [x, at]) => [
          device.kernels.gather(x!, at!, v.outer, v.length, v.inner),
        ]);
      }
    });
    claim("takeAlong", `elements of ${dtype}`, async ({ comparison, rng }) => {
      for (const v of views) {
        const shape = [v.outer, v.k, v.inner];
        const inputs = [sample(rng, [v.outer, v.length, v.inner], dtype), wholes(rng, shape, 0, v.length)];
        await comparison.run(nameOf(v), inputs, [{ shape, dtype }], (device, [x, at]) => [
          device.kernels.takeAlong(x!, at!, v.outer, v.length, v.inner),
        ]);
      }
    });
  }
  for (const dtype of ["float32", "int32"] as const) {
    claim("scatterAdd", `rows of ${dtype}; repeats add up`, async ({ comparison, rng }) => {
      for (const v of views) {
        const inputs = [wholes(rng, [v.k], 0, v.length), sample(rng, [v.outer, v.k, v.inner], dtype)];
        const output = { shape: [v.outer, v.length, v.inner], dtype, tolerance: sumOf(1 + v.k / v.length) };
        await comparison.run(nameOf(v), inputs, [output], (device, [at, updates]) => [
          device.kernels.scatterAdd(at!, updates!, v.outer, v.length, v.inner),
        ]);
      }
    });
    claim("scatterAlong", `elements of ${dtype}; repeats add up`, async ({ comparison, rng }) => {
      for (const v of views) {
        const shape = [v.outer, v.k, v.inner];
        const inputs = [wholes(rng, shape, 0, v.length), sample(rng, shape, dtype)];
        const output = { shape: [v.outer, v.length, v.inner], dtype, tolerance: sumOf(1 + v.k / v.length) };
        await comparison.run(nameOf(v), inputs, [output], (device, [at, updates]) => [
          device.kernels.scatterAlong(at!, updates!, v.outer, v.length, v.inner),
        ]);
      }
    });
  }
  claim("scatterAdd", "adds at one place, zeros elsewhere, worked by hand", async ({ comparison }) => {
    await comparison.against(
      "repeats",
      [ints([2, 0, 2]), floats([1, 2, 3, 4, 5, NaN], [1, 3, 2])],
      [{ shape: [1, 4, 2], dtype: "float32" }],
      (device, [at, updates]) => [device.kernels.scatterAdd(at!, updates!, 1, 4, 2)],
      [[3, 4, 0, 0, 6, NaN, 0, 0]],
    );
  });
}

function sortContract(claim: Claim): void {
  const sizes: readonly (readonly [number, number])[] = [
    [1, 1],
    [3, 7],
    [2, 0],
    [0, 5],
    [5, 64],
    [2, 1001],
    [1, 100_003],
  ];
  for (const descending of [false, true]) {
    claim("argsort", `${descending ? "descending" : "ascending"}: equals in their order, NaN last`, async ({ comparison, rng }) => {
      for (const [count, length] of sizes) {
        const shape = [count, length];
        const inputs = [
          rng.normal(shape),
          ties(rng, shape),
          sprinkle(ties(rng, shape), [NaN, Infinity, -Infinity], 5),
          sample(rng, shape, "int32"),
        ];
        const outputs = inputs.map(() => ({ shape, dtype: "int32" as const }));
        await comparison.run(`${count} rows of ${length}`, inputs, outputs, (device, operands) =>
          operands.map((x) => device.kernels.argsort(x, count, length, descending)),
        );
      }
    });
  }
  claim("argsort", "worked by hand", async ({ comparison }) => {
    const output = { shape: [1, 6], dtype: "int32" } as const;
    await comparison.against(
      "six",
      [floats([2, NaN, 1, 2, -Infinity, Infinity], [1, 6])],
      [output, output],
      (device, [x]) => [device.kernels.argsort(x!, 1, 6, false), device.kernels.argsort(x!, 1, 6, true)],
      [
        [4, 2, 0, 3, 5, 1],
        [5, 0, 3, 2, 4, 1],
      ],
    );
  });
  claim("topK", "largest first, the first of equals first, NaN as the largest", async ({ comparison, rng }) => {
    for (const [count, length] of sizes) {
      for (const k of new Set([0, 1, 3, 100, 1001].map((k) => Math.min(k, length)))) {
        const shape = [count, length];
        const inputs = [rng.normal(shape), ties(rng, shape), sprinkle(ties(rng, shape), [NaN, Infinity, -Infinity], 5)];
        const outputs = inputs.map(() => ({ shape: [count, k], dtype: "int32" as const }));
        await comparison.run(`${count} rows of ${length}, k ${k}`, inputs, outputs, (device, operands) =>
          operands.map((x) => device.kernels.topK(x, count, length, k)),
        );
      }
    }
  });
  claim("topK", "worked by hand", async ({ comparison }) => {
    await comparison.against(
      "six",
      [floats([2, NaN, 3, 2, 3, NaN], [1, 6])],
      [{ shape: [1, 5], dtype: "int32" }],
      (device, [x]) => [device.kernels.topK(x!, 1, 6, 5)],
      [[1, 5, 2, 4, 0]],
    );
  });
}

export function indexingContract(claim: Claim): void {
  gatherContract(claim);
  sortContract(claim);
}
