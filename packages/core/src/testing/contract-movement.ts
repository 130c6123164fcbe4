/** The contract of kernels that move elements and compute nothing, and of the random numbers. */

import type { DType } from "../dtype.ts";
import { formatShape, type Shape, sizeOf } from "../shape.ts";
import { randomWords, wordToUnit } from "../threefry.ts";
import type { Claim } from "./kernel-contract.ts";
import { floats, sample } from "./sample.ts";

const dtypes: readonly DType[] = ["float32", "int32", "bool"];

/** Ranks 0 to 6, with axes of one and of no elements. */
const shapes: readonly Shape[] = [[], [5], [0], [3, 4], [2, 3, 4], [3, 0, 2], [2, 1, 3, 4], [2, 3, 1, 2, 3], [2, 3, 2, 1, 2, 3]];

function transposeContract(claim: Claim, dtype: DType): void {
  claim("transpose", `${dtype}, permutations of every rank`, async ({ comparison, rng }) => {
    for (const shape of [...shapes, ...shapes, ...shapes]) {
      const permutation = Array.from(rng.permutation(shape.length));
      const output = { shape: permutation.map((axis) => shape[axis]!), dtype };
      await comparison.run(`${formatShape(shape)} by ${formatShape(permutation)}`, [sample(rng, shape, dtype)], [output], (device, [x]) => [
        device.kernels.transpose(x!, permutation),
      ]);
    }
  });
  claim("transpose", `${dtype}, large`, async ({ comparison, rng }) => {
    for (const [shape, permutation] of [
      [
        [513, 511],
        [1, 0],
      ],
      [
        [8, 33, 31, 32],
        [0, 3, 1, 2],
      ],
      [
        [4, 64, 8, 65],
        [0, 2, 1, 3],
      ],
      [
        [70_001, 3],
        [1, 0],
      ],
    ] as const) {
      const output = { shape: permutation.map((axis) => shape[axis]!), dtype };
      await comparison.run(formatShape(shape), [sample(rng, shape, dtype)], [output], (device, [x]) => [
        device.kernels.transpose(x!, permutation),
      ]);
    }
  });
}

function sliceContract(claim: Claim, dtype: DType): void {
  claim("slice", `${dtype}, starts and steps of every rank`, async ({ comparison, rng }) => {
    for (const shape of [...shapes, ...shapes, ...shapes, [300, 1000], [100, 3000]]) {
      const steps = shape.map(() => rng.integer(1, 4));
      const starts = shape.map((size) => rng.integer(0, size + 1));
      const sizes = shape.map((size, i) => rng.integer(0, Math.ceil((size - starts[i]!) / steps[i]!) + 1));
      const what = `${formatShape(shape)} from ${formatShape(starts)} by ${formatShape(steps)}, ${formatShape(sizes)}`;
      await comparison.run(what, [sample(rng, shape, dtype)], [{ shape: sizes, dtype }], (device, [x]) => [
        device.kernels.slice(x!, starts, sizes, steps),
      ]);
    }
  });
  claim("slice", `${dtype}, of long rows and whole tensors`, async ({ comparison, rng }) => {
    for (const [shape, starts, sizes] of [
      [
        [512, 700],
        [3, 5],
        [500, 600],
      ],
      [
        [64, 32, 8, 8],
        [0, 0, 0, 0],
        [64, 32, 8, 8],
      ],
      [
        [300_000, 1],
        [7, 0],
        [200_000, 1],
      ],
    ] as const) {
      const ones = shape.map(() => 1);
      await comparison.run(formatShape(shape), [sample(rng, shape, dtype)], [{ shape: sizes, dtype }], (device, [x]) => [
        device.kernels.slice(x!, starts, sizes, ones),
      ]);
    }
  });
}

function padContract(claim: Claim, dtype: DType): void {
  claim("pad", `${dtype}, before, after and between`, async ({ comparison, rng }) => {
    for (const shape of [...shapes, ...shapes, [257, 1001]]) {
      const before = shape.map(() => rng.integer(0, 3));
      const after = shape.map(() => rng.integer(0, 3));
      const between = shape.map(() => rng.integer(0, 2));
      const padded = shape.map((size, i) => before[i]! + size + Math.max(size - 1, 0) * between[i]! + after[i]!);
      const what = `${formatShape(shape)}: ${formatShape(before)} ${formatShape(after)} ${formatShape(between)}`;
      const output = { shape: padded, dtype };
      const x = sample(rng, shape, dtype);
      await comparison.run(what, [x], [output, output], (device, [a]) => [
        device.kernels.pad(a!, before, after, between, 0),
        device.kernels.pad(a!, before, after, between, 1),
      ]);
    }
  });
}

function concatContract(claim: Claim, dtype: DType): void {
  claim("concat", `${dtype}, parts of all lengths`, async ({ comparison, rng }) => {
    for (const [outer, lengths, inner] of [
      [1, [3], 1],
      [1, [2, 3, 4], 1],
      [3, [2, 0, 3], 5],
      [4, [1, 1, 1, 1, 1, 1, 1, 1, 1], 2],
      [0, [1, 2], 3],
      [257, [100, 3, 300], 3],
      [2, [70_001, 60_000], 1],
    ] as const) {
      const parts = lengths.map((length) => sample(rng, [outer, length, inner], dtype));
      const total = lengths.reduce((sum: number, length) => sum + length, 0);
      await comparison.run(`${outer}, ${lengths}, ${inner}`, parts, [{ shape: [outer, total, inner], dtype }], (device, operands) => [
        device.kernels.concat(operands, outer, lengths, inner),
      ]);
    }
  });
}

function flipContract(claim: Claim, dtype: DType): void {
  claim("flip", `${dtype}, axes of every rank`, async ({ comparison, rng }) => {
    for (const shape of [...shapes, ...shapes, [513, 511], [300_007]]) {
      const axes = shape.map((_, axis) => axis).filter(() => rng.float() < 0.6);
      await comparison.run(`${formatShape(shape)}, axes ${axes}`, [sample(rng, shape, dtype)], [{ shape, dtype }], (device, [x]) => [
        device.kernels.flip(x!, axes),
      ]);
    }
  });
}

export function movementContract(claim: Claim): void {
  for (const dtype of dtypes) {
    transposeContract(claim, dtype);
    sliceContract(claim, dtype);
    padContract(claim, dtype);
    concatContract(claim, dtype);
    flipContract(claim, dtype);
  }
  claim("pad", "NaN is a value like another", async ({ comparison }) => {
    await comparison.against(
      "NaN",
      [floats([1, NaN, 3])],
      [{ shape: [7], dtype: "float32" }],
      (device, [x]) => [device.kernels.pad(x!, [1], [1], [1], -Infinity)],
      [[-Infinity, 1, -Infinity, NaN, -Infinity, 3, -Infinity]],
    );
  });
  claim("randomUniform", "the bits of the key's stream", async ({ comparison, rng }) => {
    for (const length of [0, 1, 2, 7, 1000, 262_147]) {
      const [key0, key1] = rng.nextKey();
      const expected = Float32Array.from(randomWords(key0, key1, length), wordToUnit);
      await comparison.against(
        `${length} numbers`,
        [],
        [{ shape: [length], dtype: "float32" }],
        (device) => [device.kernels.randomUniform(key0, key1, length)],
        [expected],
      );
    }
    // Counters past the first block of any vector, at the ends of the range of keys.
    for (const key of [0, -1, 2 ** 31 - 1, -(2 ** 31)]) {
      const shape = [65];
      await comparison.against(
        `key ${key}`,
        [],
        [{ shape, dtype: "float32" }],
        (device) => [device.kernels.randomUniform(key, ~key, sizeOf(shape))],
        [Float32Array.from(randomWords(key, ~key, 65), wordToUnit)],
      );
    }
  });
}
