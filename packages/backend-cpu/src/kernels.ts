/** The table of kernels: every entry of the contract, each over one device's memory. */

import type { Kernels, TypedArray } from "@dl/core";
import { argReduce } from "./kernels/arg-reduce.ts";
import { argsort, topK } from "./kernels/argsort.ts";
import { averagePool, averagePoolGradient } from "./kernels/average-pool.ts";
import { binary } from "./kernels/binary.ts";
import { broadcast, where } from "./kernels/broadcast.ts";
import { cast, fill } from "./kernels/cast.ts";
import { compare } from "./kernels/compare.ts";
import { conv2d, conv2dFilterGradient, conv2dInputGradient } from "./kernels/conv2d.ts";
import { cumulate } from "./kernels/cumulate.ts";
import { gather, scatterAdd, scatterAlong, takeAlong } from "./kernels/gather.ts";
import { matmul } from "./kernels/matmul.ts";
import { maxPool } from "./kernels/max-pool.ts";
import { concat, pad } from "./kernels/pad.ts";
import { randomUniform } from "./kernels/random-uniform.ts";
import { flip, slice, transpose } from "./kernels/rearrange.ts";
import { reduce } from "./kernels/reduce.ts";
import { unary } from "./kernels/unary.ts";
import type { Memory } from "./memory.ts";

export function kernelsOver(memory: Memory): Kernels<TypedArray> {
  return {
    unary: (op, x) => unary(memory, op, x),
    binary: (op, a, b, shape) => binary(memory, op, a, b, shape),
    compare: (op, a, b, shape) => compare(memory, op, a, b, shape),
    where: (condition, a, b, shape) => where(memory, condition, a, b, shape),
    cast: (x, dtype) => cast(memory, x, dtype),
    fill: (shape, dtype, value) => fill(memory, shape, dtype, value),
    broadcast: (x, shape) => broadcast(memory, x, shape),
    reduce: (op, x, outer, length, inner) => reduce(memory, op, x, outer, length, inner),
    argReduce: (op, x, outer, length, inner) => argReduce(memory, op, x, outer, length, inner),
    cumulate: (op, x, view) => cumulate(memory, op, x, view),
    matmul: (a, b, problem, epilogue) => matmul(memory, a, b, problem, epilogue),
    conv2d: (x, weight, geometry, epilogue) => conv2d(memory, x, weight, geometry, epilogue),
    conv2dInputGradient: (dy, weight, geometry) => conv2dInputGradient(memory, dy, weight, geometry),
    conv2dFilterGradient: (x, dy, geometry) => conv2dFilterGradient(memory, x, dy, geometry),
    maxPool: (x, geometry) => maxPool(memory, x, geometry),
    averagePool: (x, geometry, countPadding) => averagePool(memory, x, geometry, countPadding),
    averagePoolGradient: (dy, geometry, countPadding) => averagePoolGradient(memory, dy, geometry, countPadding),
    gather: (x, indices, outer, length, inner) => gather(memory, x, indices, outer, length, inner),
    scatterAdd: (indices, updates, outer, length, inner) => scatterAdd(memory, indices, updates, outer, length, inner),
    takeAlong: (x, indices, outer, length, inner) => takeAlong(memory, x, indices, outer, length, inner),
    scatterAlong: (indices, updates, outer, length, inner) => scatterAlong(memory, indices, updates, outer, length, inner),
    argsort: (x, rows, length, descending) => argsort(memory, x, rows, length, descending),
    topK: (x, rows, length, k) => topK(memory, x, rows, length, k),
    transpose: (x, permutation) => transpose(memory, x, permutation),
    slice: (x, starts, sizes, steps) => slice(memory, x, starts, sizes, steps),
    pad: (x, before, after, between, value) => pad(memory, x, before, after, between, value),
    concat: (parts, outer, lengths, inner) => concat(memory, parts, outer, lengths, inner),
    flip: (x, axes) => flip(memory, x, axes),
    randomUniform: (key0, key1, length) => randomUniform(memory, key0, key1, length),
  } satisfies Kernels<TypedArray>;
}
