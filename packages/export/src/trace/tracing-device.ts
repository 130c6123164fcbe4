/**
 * A device that computes nothing and writes down what it is asked: kernels get plain, resolved arguments, so their calls are the model.
 *
 * It holds no data but what is uploaded. Its fused kernels are those that other formats have as one operation too.
 */

import {
  type Backend,
  type BackendDevice,
  type DType,
  type FusedKernels,
  type Kernels,
  type Operand,
  type Shape,
  sizeOf,
  type TypedArray,
  UnsupportedError,
} from "@dl/core";
import type { RecordedCall, Setting, TraceBuffer, Use } from "./recorded-call.ts";

type B = TraceBuffer;

/** Notes calls, and knows what is uploaded while. */
export class TraceRecorder {
  readonly calls: RecordedCall[] = [];
  #constants = 0;
  #next: TraceBuffer["origin"] | undefined;

  /** The next upload is this and not a constant. */
  expectUpload(origin: TraceBuffer["origin"]): void {
    this.#next = origin;
  }

  upload(data: TypedArray, dtype: DType, cells: ReadonlySet<TypedArray>): B {
    const origin =
      this.#next ??
      (cells.has(data) ? ({ kind: "cell", data } as const) : ({ kind: "constant", number: this.#constants++, data } as const));
    this.#next = undefined;
    return { origin, dtype, length: data.length };
  }

  /** Notes a call and makes the handles of its results. */
  record(
    kernel: string,
    uses: readonly Operand<B>[],
    settings: Readonly<Record<string, Setting>>,
    ...results: readonly { shape: Shape; dtype: DType }[]
  ): B[] {
    const call = this.calls.length;
    // Copies: a tensor that is freed loses its buffer.
    this.calls.push({ kernel, uses: uses.map(({ buffer, shape, dtype }): Use => ({ buffer, shape, dtype })), settings });
    return results.map(({ shape, dtype }, result) => ({ origin: { kind: "call", call, result }, dtype, length: sizeOf(shape) }));
  }
}

/** @param cells  Host data of the model's cells. */
export function tracing(recorder: TraceRecorder, cells: ReadonlySet<TypedArray>): Backend {
  const device: BackendDevice<B> = {
    name: "tracing",
    capabilities: { float: "float32", weaknesses: {} },
    kernels: kernelsOf(recorder),
    fused: fusedOf(recorder),
    upload: (data, dtype) => recorder.upload(data, dtype, cells),
    read: async (buffer) => dataOf(buffer),
    readSync: (buffer) => dataOf(buffer),
    free: () => {},
    memory: () => ({ buffers: 0, bytes: 0, peakBytes: 0 }),
    close: async () => {},
  };
  return { name: "tracing", open: async () => device as BackendDevice };
}

/** Of a cell or a constant; nothing else has data. */
function dataOf({ origin }: B): TypedArray {
  if (origin.kind === "cell" || origin.kind === "constant") return origin.data;
  throw new UnsupportedError(
    "trace: expected a forward pass that reads no values, got one that reads a tensor back. Compute that outside, and pass it as an input.",
  );
}

function kernelsOf(recorder: TraceRecorder): Kernels<B> {
  const one = (kernel: string, uses: readonly Operand<B>[], settings: Readonly<Record<string, Setting>>, shape: Shape, dtype: DType): B =>
    recorder.record(kernel, uses, settings, { shape, dtype })[0]!;
  const refuse = (kernel: string): never => {
    throw new UnsupportedError(
      `trace: expected a forward pass, got the kernel ${kernel}, which belongs to a gradient. Trace the forward pass alone.`,
    );
  };
  return {
    unary: (op, x) => one("unary", [x], { op }, x.shape, /^(logicalNot|isNaN|isFinite)$/.test(op) ? "bool" : x.dtype),
    binary: (op, a, b, shape) => (op.endsWith("Gradient") ? refuse(op) : one("binary", [a, b], { op, shape }, shape, a.dtype)),
    compare: (op, a, b, shape) => one("compare", [a, b], { op, shape }, shape, "bool"),
    where: (condition, a, b, shape) => one("where", [condition, a, b], { shape }, shape, a.dtype),
    cast: (x, dtype) => one("cast", [x], { dtype }, x.shape, dtype),
    fill: (shape, dtype, value) => one("fill", [], { shape, dtype, value }, shape, dtype),
    broadcast: (x, shape) => one("broadcast", [x], { shape }, shape, x.dtype),
    reduce: (op, x, outer, length, inner) => one("reduce", [x], { op, outer, length, inner }, [outer, inner], x.dtype),
    argReduce: (op, x, outer, length, inner) => one("argReduce", [x], { op, outer, length, inner }, [outer, inner], "int32"),
    cumulate: (op, x, { outer, length, inner, exclusive, reverse }) =>
      one("cumulate", [x], { op, outer, length, inner, exclusive, reverse }, x.shape, x.dtype),
    matmul: (a, b, { batches, m, k, n, transposeA, transposeB }, { bias, activation }) =>
      one("matmul", bias ? [a, b, bias] : [a, b], { batches, m, k, n, transposeA, transposeB, activation }, [batches, m, n], a.dtype),
    conv2d: (x, weight, geometry, { bias, activation }) =>
      one(
        "conv2d",
        bias ? [x, weight, bias] : [x, weight],
        { ...geometry, activation },
        [geometry.batch, geometry.outHeight, geometry.outWidth, geometry.outChannels],
        x.dtype,
      ),
    conv2dInputGradient: (dy, weight, geometry) =>
      one(
        "conv2dInputGradient",
        [dy, weight],
        { ...geometry },
        [geometry.batch, geometry.height, geometry.width, geometry.inChannels],
        dy.dtype,
      ),
    conv2dFilterGradient: () => refuse("conv2dFilterGradient"),
    maxPool: (x, geometry) => {
      const shape = [geometry.batch, geometry.outHeight, geometry.outWidth, geometry.channels];
      const [values, indices] = recorder.record("maxPool", [x], { ...geometry }, { shape, dtype: x.dtype }, { shape, dtype: "int32" });
      return { values: values!, indices: indices! };
    },
    averagePool: (x, geometry, countPadding) =>
      one(
        "averagePool",
        [x],
        { ...geometry, countPadding },
        [geometry.batch, geometry.outHeight, geometry.outWidth, geometry.channels],
        x.dtype,
      ),
    averagePoolGradient: () => refuse("averagePoolGradient"),
    gather: (x, indices, outer, length, inner) =>
      one("gather", [x, indices], { outer, length, inner }, [outer, sizeOf(indices.shape), inner], x.dtype),
    scatterAdd: (indices, updates, outer, length, inner) =>
      one("scatterAdd", [indices, updates], { outer, length, inner }, [outer, length, inner], updates.dtype),
    takeAlong: (x, indices, outer, length, inner) => one("takeAlong", [x, indices], { outer, length, inner }, indices.shape, x.dtype),
    scatterAlong: (indices, updates, outer, length, inner) =>
      one("scatterAlong", [indices, updates], { outer, length, inner }, [outer, length, inner], updates.dtype),
    argsort: (x, rows, length, descending) => one("argsort", [x], { rows, length, descending }, [rows, length], "int32"),
    topK: (x, rows, length, k) => one("topK", [x], { rows, length, k }, [rows, k], "int32"),
    transpose: (x, permutation) =>
      one(
        "transpose",
        [x],
        { permutation },
        permutation.map((axis) => x.shape[axis]!),
        x.dtype,
      ),
    slice: (x, starts, sizes, steps) => one("slice", [x], { starts, sizes, steps }, sizes, x.dtype),
    pad: (x, before, after, between, value) => {
      const shape = x.shape.map((length, i) => before[i]! + length + Math.max(0, length - 1) * between[i]! + after[i]!);
      return one("pad", [x], { before, after, between, value }, shape, x.dtype);
    },
    concat: (parts, outer, lengths, inner) =>
      one("concat", parts, { outer, lengths, inner }, [outer, lengths.reduce((sum, length) => sum + length, 0), inner], parts[0]!.dtype),
    flip: (x, axes) => one("flip", [x], { axes }, x.shape, x.dtype),
    randomUniform: () => {
      throw new UnsupportedError(
        "trace: expected a forward pass that draws nothing, got randomUniform. Run it in inference, and pass noise as an input.",
      );
    },
  };
}

function fusedOf(recorder: TraceRecorder): Partial<FusedKernels<B>> {
  return {
    softmax: (x, rows, length) => recorder.record("softmax", [x], { rows, length }, x)[0]!,
    logSoftmax: (x, rows, length) => recorder.record("logSoftmax", [x], { rows, length }, x)[0]!,
    layerNorm: (x, weight, bias, { rows, length, epsilon }) => {
      const each = { shape: [rows], dtype: x.dtype };
      const [y, mean, rstd] = recorder.record("layerNorm", [x, weight, bias], { rows, length, epsilon }, x, each, each);
      return { y: y!, mean: mean!, rstd: rstd! };
    },
    attention: (query, key, value, problem) => {
      const each = { shape: [problem.batch, problem.heads, problem.time], dtype: query.dtype };
      const [y, logSumExp] = recorder.record("attention", [query, key, value], { ...problem }, query, each);
      return { y: y!, logSumExp: logSumExp! };
    },
  };
}
