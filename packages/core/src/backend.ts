/**
 * The form every backend fills in: memory, required kernels, and optional fused ones.
 *
 * The core validates, broadcasts, promotes and differentiates; a kernel receives plain, resolved arguments and returns a new buffer.
 * Buffers are contiguous and row-major. A kernel never keeps, frees or writes its inputs (the updates at the end excepted).
 * NaN goes in, NaN comes out: no kernel may hide one.
 */

import type { DType, TypedArray } from "./dtype.ts";
import type { Shape } from "./shape.ts";

/** A backend: a value that can try to start a device. `open` rejects with a reason a user understands. */
export interface Backend {
  /** Short name, as `--backend` takes it: `cpu`, `wasm`, `webgpu`. */
  readonly name: string;
  open(): Promise<BackendDevice>;
}

/** What a started device can and cannot do. */
export interface Capabilities {
  /** The dtype of floats: `float64` on the oracle, `float32` elsewhere. */
  readonly float: "float32" | "float64";
  /** Weaknesses against the contract, by name of the kernel, each with its reason. */
  readonly weaknesses: Readonly<Record<string, string>>;
}

/** `B` is the backend's own handle of a buffer; the core never looks inside. */
export interface BackendDevice<B = unknown> {
  /** For people: `wasm (relaxed SIMD, 2 threads)`. */
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly kernels: Kernels<B>;
  /** Kernels that replace a composition of the core's; each has the same result and the same gradient. */
  readonly fused: Partial<FusedKernels<B>>;
  /** Copies host data into a new buffer. A float array of the other precision is converted. */
  upload(data: TypedArray, dtype: DType): B;
  /** Copies a buffer to the host. */
  read(buffer: B, dtype: DType, length: number): Promise<TypedArray>;
  /** The same at once, where the device can. */
  readSync?(buffer: B, dtype: DType, length: number): TypedArray;
  free(buffer: B): void;
  memory(): MemoryUse;
  /** Kernels launched since the device was opened, where a launch costs more than a call. */
  launches?(): number;
  /**
   * Begins to note every kernel until `stop`, for devices whose kernels run after their call returned. Without it, calls are timed.
   *
   * @throws UnsupportedError when the device has no clock of its own.
   */
  startProfile?(): { stop(): Promise<KernelEvent[]> };
  /** Frees everything and stops every thread. */
  close(): Promise<void>;
}

/** One launch of a kernel, on the device's own clock. */
export interface KernelEvent {
  readonly name: string;
  /** In milliseconds, from any point. */
  readonly start: number;
  readonly milliseconds: number;
  /** Read and written. */
  readonly bytes: number;
}

export interface MemoryUse {
  /** Buffers that were made and not freed. */
  readonly buffers: number;
  /** Their bytes. */
  readonly bytes: number;
  /** The most bytes there ever were at once. */
  readonly peakBytes: number;
}

/** A buffer as a kernel sees it. */
export interface Operand<B> {
  readonly buffer: B;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** float → float, except `logicalNot` (bool → bool), `isNaN` and `isFinite` (float → bool); `abs`, `negate`, `sign`, `square` also int32 → int32. */
export type UnaryOp =
  | "abs"
  | "negate"
  | "sign"
  | "exp"
  | "expm1"
  | "log"
  | "log1p"
  | "sqrt"
  | "rsqrt"
  | "square"
  | "reciprocal"
  | "sin"
  | "cos"
  | "tan"
  | "atan"
  | "tanh"
  | "sigmoid"
  | "softplus" // ln(1 + eˣ), without overflow
  | "relu"
  | "erf"
  | "gelu" // x·Φ(x), with erf
  | "geluTanh" // its tanh approximation
  | "silu" // x·σ(x)
  | "floor"
  | "ceil"
  | "round" // halves to even
  | "logicalNot"
  | "isNaN"
  | "isFinite";

/**
 * Both inputs of one dtype, float32 or int32; the result has it too. int32 division truncates; `modulo` takes the sign of the divisor.
 * The `…Gradient` ones take an incoming gradient `g` first: they are the derivatives of unary operations, in one pass.
 */
export type BinaryOp =
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "power"
  | "maximum"
  | "minimum"
  | "modulo"
  | "atan2"
  | "squaredDifference"
  | "reluGradient" // (g, y) → y > 0 ? g : 0
  | "tanhGradient" // (g, y) → g·(1 − y²)
  | "sigmoidGradient" // (g, y) → g·y·(1 − y)
  | "geluGradient" // (g, x)
  | "geluTanhGradient" // (g, x)
  | "siluGradient"; // (g, x)

/** Both inputs of one dtype; the result is bool. The logical ones take bool. Comparisons with NaN are false, `notEqual` true. */
export type CompareOp =
  | "equal"
  | "notEqual"
  | "less"
  | "lessEqual"
  | "greater"
  | "greaterEqual"
  | "logicalAnd"
  | "logicalOr"
  | "logicalXor";

/** `any` and `all` take bool; the others float32 or int32 (`mean` floats only). Of no elements: 0, 1, −∞ or the lowest int, ∞ or the highest, NaN, false, true. */
export type ReduceOp = "sum" | "product" | "max" | "min" | "mean" | "any" | "all";

/** What a matmul or a convolution does to each output before it stores it. */
export interface Epilogue<B> {
  /** Added to the last axis; `[outputs]`. */
  readonly bias?: Operand<B> | undefined;
  /** Applied after the bias. Default none. */
  readonly activation?: "relu" | undefined;
}

/** `batches` products of an `[m, k]` and a `[k, n]` matrix, giving `[batches, m, n]`. */
export interface MatmulProblem {
  readonly batches: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** The left matrices lie as `[k, m]`. */
  readonly transposeA: boolean;
  /** The right matrices lie as `[n, k]`. */
  readonly transposeB: boolean;
  /** For each output, the index of its left matrix; `undefined`: its own index. */
  readonly aIndex: Int32Array | undefined;
  /** For each output, the index of its right matrix; `undefined`: its own index. */
  readonly bIndex: Int32Array | undefined;
}

/** Sliding windows over `[batch, height, width, …]`. Window (i, j) starts at row `i·strideHeight − padTop`; outside the image is padding. */
export interface WindowGeometry {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

/** Images `[batch, height, width, inChannels]`, weights `[kernelHeight, kernelWidth, inChannels / groups, outChannels]`, results `[batch, outHeight, outWidth, outChannels]`. */
export interface ConvGeometry extends WindowGeometry {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Group g maps input channels `[g·in/groups, …)` to output channels `[g·out/groups, …)`; `inChannels` groups is depthwise. */
  readonly groups: number;
}

export interface PoolGeometry extends WindowGeometry {
  readonly channels: number;
}

/** Required kernels. `outer`, `length`, `inner` view a tensor along one axis: element `(outer · length + i) · inner + j`. */
export interface Kernels<B> {
  unary(op: UnaryOp, x: Operand<B>): B;
  /** `a` and `b` broadcast to `shape`. */
  binary(op: BinaryOp, a: Operand<B>, b: Operand<B>, shape: Shape): B;
  compare(op: CompareOp, a: Operand<B>, b: Operand<B>, shape: Shape): B;
  /** `condition` (bool), `a` and `b` (of one dtype) broadcast to `shape`. */
  where(condition: Operand<B>, a: Operand<B>, b: Operand<B>, shape: Shape): B;
  /** Float to int truncates; anything to bool is `≠ 0`; bool to number is 0 or 1. */
  cast(x: Operand<B>, dtype: DType): B;
  fill(shape: Shape, dtype: DType, value: number): B;
  /** `x` stretched to `shape`. */
  broadcast(x: Operand<B>, shape: Shape): B;

  /** `[outer, length, inner]` → `[outer, inner]`. */
  reduce(op: ReduceOp, x: Operand<B>, outer: number, length: number, inner: number): B;
  /** Index of the first largest or smallest along the axis, as int32; a NaN wins. `length` ≥ 1. */
  argReduce(op: "max" | "min", x: Operand<B>, outer: number, length: number, inner: number): B;
  /** Running sum or product along the axis; `exclusive` leaves the element itself out, `reverse` runs from the end. */
  cumulate(
    op: "sum" | "product",
    x: Operand<B>,
    view: { outer: number; length: number; inner: number; exclusive: boolean; reverse: boolean },
  ): B;

  matmul(a: Operand<B>, b: Operand<B>, problem: MatmulProblem, epilogue: Epilogue<B>): B;
  conv2d(x: Operand<B>, weight: Operand<B>, geometry: ConvGeometry, epilogue: Epilogue<B>): B;
  /** The gradient by x: also the transposed convolution. */
  conv2dInputGradient(dy: Operand<B>, weight: Operand<B>, geometry: ConvGeometry): B;
  conv2dFilterGradient(x: Operand<B>, dy: Operand<B>, geometry: ConvGeometry): B;
  /** The largest of each window (padding never wins; NaN does), and its place `row · width + column` in the image as int32; the first of equals. */
  maxPool(x: Operand<B>, geometry: PoolGeometry): { values: B; indices: B };
  /** The mean of each window; padding counts as zeros when `countPadding`, else it is left out of the divisor too. */
  averagePool(x: Operand<B>, geometry: PoolGeometry, countPadding: boolean): B;
  averagePoolGradient(dy: Operand<B>, geometry: PoolGeometry, countPadding: boolean): B;

  /**
   * Rows of the axis by number: `[outer, length, inner]` and `indices [k]` (int32) → `[outer, k, inner]`. Any dtype.
   * Here and below, an index out of range gives NaN (0 and false where the dtype has none) and adds nothing, or is an error; never another row.
   */
  gather(x: Operand<B>, indices: Operand<B>, outer: number, length: number, inner: number): B;
  /** Zeros `[outer, length, inner]` with `updates [outer, k, inner]` added at `indices [k]`; repeats add up, in order. */
  scatterAdd(indices: Operand<B>, updates: Operand<B>, outer: number, length: number, inner: number): B;
  /** One element each: `x [outer, length, inner]`, `indices [outer, k, inner]` → `[outer, k, inner]`. Any dtype. */
  takeAlong(x: Operand<B>, indices: Operand<B>, outer: number, length: number, inner: number): B;
  /** Zeros `[outer, length, inner]` with `updates [outer, k, inner]` added at `indices [outer, k, inner]`. */
  scatterAlong(indices: Operand<B>, updates: Operand<B>, outer: number, length: number, inner: number): B;
  /** `[rows, length]` → int32 places that sort each row; stable; NaN last. */
  argsort(x: Operand<B>, rows: number, length: number, descending: boolean): B;
  /** `[rows, length]` → int32 `[rows, k]`: places of the k largest, largest first; the first of equals first; NaN counts as largest. */
  topK(x: Operand<B>, rows: number, length: number, k: number): B;

  /** Axis i of the result is axis `permutation[i]` of x. Any dtype. */
  transpose(x: Operand<B>, permutation: readonly number[]): B;
  /** Every `steps[i]`-th element from `starts[i]`, `sizes[i]` of them; steps ≥ 1. Any dtype. */
  slice(x: Operand<B>, starts: readonly number[], sizes: readonly number[], steps: readonly number[]): B;
  /** `before[i]` elements of `value`, then x with `between[i]` of them after each element but the last, then `after[i]`. Any dtype. */
  pad(x: Operand<B>, before: readonly number[], after: readonly number[], between: readonly number[], value: number): B;
  /** Parts `[outer, lengths[i], inner]` one after the other → `[outer, Σ lengths, inner]`. Any dtype. */
  concat(parts: readonly Operand<B>[], outer: number, lengths: readonly number[], inner: number): B;
  /** Reverses the named axes. Any dtype. */
  flip(x: Operand<B>, axes: readonly number[]): B;

  /** Float32 in [0, 1): word i of the key's stream (threefry.ts), its upper 24 bits · 2⁻²⁴. The same bits on every device. */
  randomUniform(key0: number, key1: number, length: number): B;
}

/** Hyper-parameters of one Adam step, with its bias corrections worked out. */
export interface AdamStep {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled: the parameter shrinks by `learningRate · weightDecay`. */
  readonly weightDecay: number;
  /** 1 − β₁ᵗ and 1 − β₂ᵗ. */
  readonly correction1: number;
  readonly correction2: number;
}

/** Hyper-parameters of one SGD step as PyTorch defines it. */
export interface SgdStep {
  readonly learningRate: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
  /** Coupled: added to the gradient. */
  readonly weightDecay: number;
  /** The velocity holds nothing yet: it becomes the gradient. */
  readonly first: boolean;
}

/** `query [batch, heads, time, size]`, `key` and `value [batch, keyHeads, keyTime, size]`; query head h sees key head `⌊h · keyHeads / heads⌋`. */
export interface AttentionProblem {
  readonly batch: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly time: number;
  readonly keyTime: number;
  readonly size: number;
  readonly scale: number;
  /** Row t sees columns ≤ t + keyTime − time. */
  readonly causal: boolean;
}

/** Optional kernels; each states the composition it replaces. Rows are independent. */
export interface FusedKernels<B> {
  /** `[rows, length]`; each row sums to 1. */
  softmax(x: Operand<B>, rows: number, length: number): B;
  /** y·(g − Σ g·y), from the softmax y. */
  softmaxGradient(g: Operand<B>, y: Operand<B>, rows: number, length: number): B;
  logSoftmax(x: Operand<B>, rows: number, length: number): B;
  /** g − eʸ·Σ g, from the log-softmax y. */
  logSoftmaxGradient(g: Operand<B>, y: Operand<B>, rows: number, length: number): B;
  /** −log softmax(logits)[label] per row, `[rows]`; labels int32. A label outside [0, length) gives 0. */
  crossEntropy(logits: Operand<B>, labels: Operand<B>, rows: number, length: number): B;
  /** g[row]·(softmax(logits) − onehot(label)), and zero rows for labels outside [0, length). */
  crossEntropyGradient(g: Operand<B>, logits: Operand<B>, labels: Operand<B>, rows: number, length: number): B;

  /** (x − mean)·rstd·weight + bias over each row; weight and bias `[length]`. rstd = 1/√(variance + epsilon), biased. Returns mean and rstd `[rows]`. */
  layerNorm(
    x: Operand<B>,
    weight: Operand<B>,
    bias: Operand<B>,
    problem: { rows: number; length: number; epsilon: number },
  ): { y: B; mean: B; rstd: B };
  layerNormGradient(
    g: Operand<B>,
    saved: { x: Operand<B>; weight: Operand<B>; mean: Operand<B>; rstd: Operand<B> },
    problem: { rows: number; length: number },
  ): { dx: B; dweight: B; dbias: B };
  /** Batch normalisation with batch statistics of `[rows, channels]`, per channel; mean and biased variance `[channels]`. */
  batchNorm(
    x: Operand<B>,
    weight: Operand<B>,
    bias: Operand<B>,
    problem: { rows: number; channels: number; epsilon: number },
  ): { y: B; mean: B; variance: B };
  batchNormGradient(
    g: Operand<B>,
    saved: { x: Operand<B>; weight: Operand<B>; mean: Operand<B>; variance: Operand<B> },
    problem: { rows: number; channels: number; epsilon: number },
  ): { dx: B; dweight: B; dbias: B };

  /** softmax(scale · q·kᵀ) · v without keeping the matrix; also each row's log of the sum of exponentials, `[batch, heads, time]`. */
  attention(query: Operand<B>, key: Operand<B>, value: Operand<B>, problem: AttentionProblem): { y: B; logSumExp: B };
  attentionGradient(
    g: Operand<B>,
    saved: { query: Operand<B>; key: Operand<B>; value: Operand<B>; y: Operand<B>; logSumExp: Operand<B> },
    problem: AttentionProblem,
  ): { dquery: B; dkey: B; dvalue: B };

  /** Zeros like the image, with each dy added at its window's place: `scatterAlong`, knowing the windows. */
  maxPoolGradient(dy: Operand<B>, indices: Operand<B>, geometry: PoolGeometry): B;

  /** In place: `values [outer, count, inner]` over the elements of `target [outer, length, inner]` from `start` on. Any dtype. */
  writeSlice(
    target: Operand<B>,
    values: Operand<B>,
    view: { outer: number; length: number; inner: number; start: number; count: number },
  ): void;

  /** Σ x² over all operands, as one float32. */
  sumOfSquares(operands: readonly Operand<B>[]): B;
  /** In place: parameter and both moments. */
  adamUpdate(parameter: Operand<B>, gradient: Operand<B>, first: Operand<B>, second: Operand<B>, step: AdamStep): void;
  /** In place: parameter, and the velocity when there is momentum. */
  sgdUpdate(parameter: Operand<B>, gradient: Operand<B>, velocity: Operand<B> | undefined, step: SgdStep): void;
}
