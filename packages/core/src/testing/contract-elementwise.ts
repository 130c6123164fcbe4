/** The contract of comparisons, choices, casts and constants, in every form of broadcasting and dtype; it calls on unary and binary operations. */

import type { CompareOp } from "../backend.ts";
import type { DType } from "../dtype.ts";
import type { HostTensor } from "../host-tensor.ts";
import { broadcastShapes, formatShape, type Shape } from "../shape.ts";
import { binaryContract } from "./contract-binary.ts";
import { unaryContract } from "./contract-unary.ts";
import type { Claim } from "./kernel-contract.ts";
import { bools, floats, mapFloats, sample, shapes, sprinkle, wholes } from "./sample.ts";
import { largePairs, pairs } from "./shape-pairs.ts";

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
