/** Products of matrices, one or many, with their bias and ReLU. */

import { type Epilogue, type MatmulProblem, sizeOf } from "@dl/core";
import type { Output } from "../addon.ts";
import type { TensorBuffer } from "../buffer.ts";
import type { Engine, TensorOperand } from "../engine.ts";
import { stretched } from "./stretch.ts";

export function matmul(
  engine: Engine,
  a: TensorOperand,
  b: TensorOperand,
  { problem, epilogue }: { problem: MatmulProblem; epilogue: Epilogue<TensorBuffer> },
): TensorBuffer {
  const { bias, activation } = epilogue;
  const plain = bias === undefined && activation === undefined;
  if (plain && problem.aIndex === undefined && problem.bIndex === undefined) return engine.buffer(product(engine, a, b, problem), a.dtype);
  const { batches, m, k, n } = problem;
  const shape = batches === 1 && k > 0 ? [m, n] : [batches, m, n];
  return engine.buffer(
    engine.compose(() => finished(engine, product(engine, a, b, problem), { shape, bias, activation })),
    a.dtype,
  );
}

function product(engine: Engine, a: TensorOperand, b: TensorOperand, problem: MatmulProblem): Output {
  const { batches, m, k, n, transposeA, transposeB, aIndex, bIndex } = problem;
  const left = transposeA ? [k, m] : [m, k];
  const right = transposeB ? [n, k] : [k, n];
  if (batches * m * n * k === 0) return engine.run("Fill", [engine.constants.ints([batches, m, n]), engine.constants.float(0)]);
  if (batches === 1 && aIndex === undefined && bIndex === undefined) {
    const attributes = [engine.flag("transpose_a", transposeA), engine.flag("transpose_b", transposeB)];
    return engine.run("MatMul", [engine.id(a, left), engine.id(b, right)], attributes);
  }
  const inputs = [matrices(engine, a, left, aIndex), matrices(engine, b, right, bIndex)];
  return engine.run("BatchMatMulV2", inputs, [engine.flag("adj_x", transposeA), engine.flag("adj_y", transposeB)]);
}

/** `[count, rows, columns]`, the matrices in the order in which they are wanted. */
function matrices(engine: Engine, x: TensorOperand, [rows, columns]: readonly number[], index: Int32Array | undefined): number {
  const size = rows! * columns!;
  const count = sizeOf(x.shape) / size;
  const id = engine.id(x, [count, rows!, columns!]);
  // One matrix for all: BatchMatMulV2 stretches it without a copy.
  if (index === undefined || count === 1) return id;
  return engine.step("GatherV2", [id, engine.constants.ints([...index]), engine.constants.int(0)]);
}

/** Adds the bias and takes the ReLU of what an operation has made; for use inside `compose`. */
export function finished(
  engine: Engine,
  output: Output,
  { shape, bias, activation }: { shape: readonly number[]; bias: TensorOperand | undefined; activation: "relu" | undefined },
): Output {
  let result = output;
  if (bias !== undefined) {
    // Large ones: a stretched bias and a plain sum take half the time of BiasAdd.
    const large = sizeOf(shape) >= 1 << 16 && !engine.gpu;
    result = large ? engine.run("AddV2", [result.id, stretched(engine, bias, shape)]) : engine.run("BiasAdd", [result.id, engine.id(bias)]);
  }
  return activation === "relu" ? engine.run("Relu", [result.id]) : result;
}
