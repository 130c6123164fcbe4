/** The contract of matrix products: sizes, transposes, batches by index, epilogues. */

import type { Epilogue, MatmulProblem, Operand } from "../backend.ts";
import { sumOf } from "./closeness.ts";
import type { Claim } from "./kernel-contract.ts";
import { floats } from "./sample.ts";

/** m, k, n: of one and of none, a vector and a matrix, odd, around and past the blocks of any kernel. */
const sizes: readonly (readonly [number, number, number])[] = [
  [1, 1, 1],
  [1, 4, 64],
  [1, 64, 2],
  [2, 3, 4],
  [5, 7, 3],
  [17, 33, 9],
  [64, 64, 64],
  [1, 300, 257],
  [257, 1, 5],
  [3, 0, 2],
  [0, 3, 2],
  [3, 2, 0],
  [33, 1000, 35],
  [130, 260, 270],
  [4, 16, 1025],
  [1025, 3, 4],
];

const sides = [
  { transposeA: false, transposeB: false },
  { transposeA: true, transposeB: false },
  { transposeA: false, transposeB: true },
  { transposeA: true, transposeB: true },
] as const;

const single = { batches: 1, aIndex: undefined, bIndex: undefined } as const;

function epilogueOf(bias: Operand<unknown> | undefined, activation: "relu" | undefined): Epilogue<unknown> {
  return { bias, activation };
}

export function matmulContract(claim: Claim): void {
  for (const side of sides) {
    const how = `${side.transposeA ? "Aᵀ" : "A"}·${side.transposeB ? "Bᵀ" : "B"}`;
    claim("matmul", `${how} of every size`, async ({ comparison, rng }) => {
      for (const [m, k, n] of sizes) {
        const a = rng.normal(side.transposeA ? [k, m] : [m, k]);
        const b = rng.normal(side.transposeB ? [n, k] : [k, n]);
        const problem: MatmulProblem = { ...single, m, k, n, ...side };
        const output = { shape: [m, n], dtype: "float32", tolerance: sumOf(k) } as const;
        await comparison.run(`${m}·${k}·${n}`, [a, b], [output], (device, [x, y]) => [device.kernels.matmul(x!, y!, problem, {})]);
      }
    });
    claim("matmul", `${how} in batches, matrices taken by index`, async ({ comparison, rng }) => {
      for (const [m, k, n] of [
        [2, 3, 4],
        [19, 37, 21],
        [64, 32, 48],
      ] as const) {
        const a = rng.normal(side.transposeA ? [2, k, m] : [2, m, k]);
        const b = rng.normal(side.transposeB ? [6, n, k] : [6, k, n]);
        const aIndex = Int32Array.of(0, 0, 1, 1, 0, 1);
        const problem: MatmulProblem = { batches: 6, m, k, n, ...side, aIndex, bIndex: undefined };
        const swapped: MatmulProblem = { ...problem, batches: 2, aIndex: undefined, bIndex: Int32Array.of(5, 2) };
        const outputs = [
          { shape: [6, m, n], dtype: "float32", tolerance: sumOf(k) },
          { shape: [2, m, n], dtype: "float32", tolerance: sumOf(k) },
        ] as const;
        await comparison.run(`${m}·${k}·${n}`, [a, b], outputs, (device, [x, y]) => [
          device.kernels.matmul(x!, y!, problem, {}),
          device.kernels.matmul(x!, y!, swapped, {}),
        ]);
      }
    });
  }
  claim("matmul", "bias, then ReLU", async ({ comparison, rng }) => {
    for (const [m, k, n] of [
      [1, 4, 7],
      [1, 64, 64],
      [3, 0, 5],
      [37, 61, 43],
      [129, 257, 66],
    ] as const) {
      const inputs = [rng.normal([2, m, k]), rng.normal([2, k, n]), rng.normal([n])];
      const problem: MatmulProblem = { batches: 2, m, k, n, ...sides[0], aIndex: undefined, bIndex: undefined };
      const output = { shape: [2, m, n], dtype: "float32", tolerance: sumOf(k) } as const;
      await comparison.run(`${m}·${k}·${n}`, inputs, [output, output, output], (device, [x, y, bias]) => [
        device.kernels.matmul(x!, y!, problem, epilogueOf(bias, undefined)),
        device.kernels.matmul(x!, y!, problem, epilogueOf(undefined, "relu")),
        device.kernels.matmul(x!, y!, problem, epilogueOf(bias, "relu")),
      ]);
    }
  });
  claim("matmul", "a NaN spoils its row and no other; 0·∞ is NaN; ReLU keeps NaN", async ({ comparison, rng }) => {
    for (const size of [2, 24]) {
      const a = rng.normal([size, size]);
      const b = rng.normal([size, size]);
      a.data[size + 1] = NaN;
      a.data[0] = 0;
      b.data[0] = Infinity;
      const problem: MatmulProblem = { ...single, m: size, k: size, n: size, ...sides[0] };
      const output = { shape: [size, size], dtype: "float32", tolerance: sumOf(size) } as const;
      await comparison.run(`${size}`, [a, b], [output, output], (device, [x, y]) => [
        device.kernels.matmul(x!, y!, problem, {}),
        device.kernels.matmul(x!, y!, problem, epilogueOf(undefined, "relu")),
      ]);
    }
  });
  claim("matmul", "a product worked by hand", async ({ comparison }) => {
    const problem: MatmulProblem = { ...single, m: 2, k: 3, n: 2, ...sides[0] };
    await comparison.against(
      "2·3·2",
      [floats([1, 2, 3, 4, 5, 6], [2, 3]), floats([7, 8, 9, 10, 11, 12], [3, 2]), floats([0, -200])],
      [{ shape: [2, 2], dtype: "float32" }],
      (device, [x, y, bias]) => [device.kernels.matmul(x!, y!, problem, epilogueOf(bias, "relu"))],
      [[58, 0, 139, 0]],
    );
  });
  claim("matmul", "sizes drawn at random", async ({ comparison, rng }) => {
    for (let trial = 0; trial < 40; trial++) {
      const m = rng.integer(1, 70);
      const k = rng.integer(1, 90);
      const n = rng.integer(1, 70);
      const side = rng.pick(sides);
      const inputs = [rng.normal(side.transposeA ? [k, m] : [m, k]), rng.normal(side.transposeB ? [n, k] : [k, n])];
      const problem: MatmulProblem = { ...single, m, k, n, ...side };
      const output = { shape: [m, n], dtype: "float32", tolerance: sumOf(k) } as const;
      await comparison.run(`${m}·${k}·${n}, ${JSON.stringify(side)}`, inputs, [output], (device, [x, y]) => [
        device.kernels.matmul(x!, y!, problem, {}),
      ]);
    }
  });
}
