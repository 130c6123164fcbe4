/** The device: kernels, copies to and from the host, memory, the end. */

import { type BackendDevice, type DType, DtypeError, type FusedKernels, type Kernels, type TypedArray } from "@dl/core";
import type { LoadedAddon } from "./addon.ts";
import type { TensorBuffer } from "./buffer.ts";
import { Engine } from "./engine.ts";
import { Attention } from "./fused/attention.ts";
import { batchNorm, batchNormGradient, layerNorm, layerNormGradient } from "./fused/normalization.ts";
import { crossEntropy, crossEntropyGradient, logSoftmax, logSoftmaxGradient, softmax, softmaxGradient } from "./fused/softmax.ts";
import { adamUpdate, sgdUpdate, sumOfSquares } from "./fused/updates.ts";
import { averagePool, averagePoolGradient } from "./kernels/average-pool.ts";
import { binary, compare } from "./kernels/binary.ts";
import { conv2d, conv2dFilterGradient, conv2dInputGradient } from "./kernels/convolution.ts";
import { argsort, gather, scatterAdd, scatterAlong, takeAlong, topK } from "./kernels/indexing.ts";
import { matmul } from "./kernels/matmul.ts";
import { MaxPooling } from "./kernels/max-pool.ts";
import { concat, flip, pad, randomUniform, slice, transpose } from "./kernels/movement.ts";
import { argReduce, cumulate, reduce } from "./kernels/reduction.ts";
import { broadcast, cast, fill, where } from "./kernels/selection.ts";
import { unary } from "./kernels/unary.ts";

export class TensorflowDevice implements BackendDevice<TensorBuffer> {
  readonly name: string;
  readonly capabilities = { float: "float32", weaknesses: {} } as const;
  readonly kernels: Kernels<TensorBuffer>;
  readonly fused: Partial<FusedKernels<TensorBuffer>>;
  /** TensorFlow's version. */
  readonly version: string;
  readonly gpu: boolean;
  readonly #engine: Engine;

  constructor({ addon }: LoadedAddon, { name }: { name: string }) {
    const engine = new Engine(addon);
    this.#engine = engine;
    this.version = addon.TF_Version;
    this.gpu = engine.gpu;
    this.name = `${name} (TensorFlow ${this.version}, ${this.gpu ? "GPU" : "CPU"})`;
    const pooling = new MaxPooling(engine);
    const attention = new Attention(engine);
    this.kernels = {
      unary: (op, x) => unary(engine, op, x),
      binary: (op, a, b, shape) => binary(engine, op, a, b, shape),
      compare: (op, a, b, shape) => compare(engine, op, a, b, shape),
      where: (condition, a, b, shape) => where(engine, condition, a, b, shape),
      cast: (x, dtype) => cast(engine, x, dtype),
      fill: (shape, dtype, value) => fill(engine, shape, dtype, value),
      broadcast: (x, shape) => broadcast(engine, x, shape),
      reduce: (op, x, outer, length, inner) => reduce(engine, op, x, { outer, length, inner }),
      argReduce: (op, x, outer, length, inner) => argReduce(engine, op, x, { outer, length, inner }),
      cumulate: (op, x, view) => cumulate(engine, op, x, view),
      matmul: (a, b, problem, epilogue) => matmul(engine, a, b, { problem, epilogue }),
      conv2d: (x, weight, geometry, epilogue) => conv2d(engine, x, weight, { geometry, epilogue }),
      conv2dInputGradient: (dy, weight, geometry) => conv2dInputGradient(engine, dy, weight, geometry),
      conv2dFilterGradient: (x, dy, geometry) => conv2dFilterGradient(engine, x, dy, geometry),
      maxPool: (x, geometry) => pooling.maxPool(x, geometry),
      averagePool: (x, geometry, countPadding) => averagePool(engine, x, geometry, countPadding),
      averagePoolGradient: (dy, geometry, countPadding) => averagePoolGradient(engine, dy, geometry, countPadding),
      gather: (x, indices, outer, length, inner) => gather(engine, x, indices, { outer, length, inner }),
      scatterAdd: (indices, updates, outer, length, inner) => scatterAdd(engine, indices, updates, { outer, length, inner }),
      takeAlong: (x, indices, outer, length, inner) => takeAlong(engine, x, indices, { outer, length, inner }),
      scatterAlong: (indices, updates, outer, length, inner) => scatterAlong(engine, indices, updates, { outer, length, inner }),
      argsort: (x, rows, length, descending) => argsort(engine, x, { rows, length, descending }),
      topK: (x, rows, length, k) => topK(engine, x, { rows, length, k }),
      transpose: (x, permutation) => transpose(engine, x, permutation),
      slice: (x, starts, sizes, steps) => slice(engine, x, { starts, sizes, steps }),
      pad: (x, before, after, between, value) => pad(engine, x, { before, after, between, value }),
      concat: (parts, outer, lengths, inner) => concat(engine, parts, { outer, lengths, inner }),
      flip: (x, axes) => flip(engine, x, axes),
      randomUniform: (key0, key1, length) => randomUniform(engine, [key0, key1], length),
    };
    this.fused = {
      softmax: (x, rows, length) => softmax(engine, x, { rows, length }),
      softmaxGradient: (g, y, rows, length) => softmaxGradient(engine, g, y, { rows, length }),
      logSoftmax: (x, rows, length) => logSoftmax(engine, x, { rows, length }),
      logSoftmaxGradient: (g, y, rows, length) => logSoftmaxGradient(engine, g, y, { rows, length }),
      crossEntropy: (logits, labels, rows, length) => crossEntropy(engine, logits, labels, { rows, length }),
      crossEntropyGradient: (g, logits, labels, rows, length) => crossEntropyGradient(engine, g, { logits, labels, rows, length }),
      layerNorm: (x, weight, bias, problem) => layerNorm(engine, x, { weight, bias, ...problem }),
      layerNormGradient: (g, saved, problem) => layerNormGradient(engine, g, { ...saved, ...problem }),
      batchNorm: (x, weight, bias, problem) => batchNorm(engine, x, { weight, bias, ...problem }),
      batchNormGradient: (g, saved, problem) => batchNormGradient(engine, g, { ...saved, ...problem }),
      attention: (query, key, value, problem) => attention.forward({ query, key, value }, problem),
      attentionGradient: (g, saved, problem) => attention.gradient(g, saved, problem),
      maxPoolGradient: (dy, indices, geometry) => pooling.gradient(dy, indices, geometry),
      sumOfSquares: (operands) => sumOfSquares(engine, operands),
      adamUpdate: (parameter, gradient, first, second, step) => adamUpdate(engine, parameter, gradient, { first, second, step }),
      sgdUpdate: (parameter, gradient, velocity, step) => sgdUpdate(engine, parameter, gradient, { velocity, step }),
    };
  }

  /** TensorFlow operations run so far. */
  launches(): number {
    return this.#engine.launches;
  }

  upload(data: TypedArray, dtype: DType): TensorBuffer {
    return this.#engine.upload(data, dtype);
  }

  readSync(buffer: TensorBuffer, dtype: DType, length: number): TypedArray {
    const data = this.#engine.read(buffer);
    if (data.length !== length) throw new DtypeError(`read: expected ${data.length} elements of ${dtype}, got a request for ${length}.`);
    return data;
  }

  async read(buffer: TensorBuffer, dtype: DType, length: number): Promise<TypedArray> {
    return this.readSync(buffer, dtype, length);
  }

  free(buffer: TensorBuffer): void {
    this.#engine.free(buffer);
  }

  memory(): ReturnType<BackendDevice["memory"]> {
    return this.#engine.memory;
  }

  async close(): Promise<void> {
    this.#engine.close();
  }
}
