/** @dl/core: tensors, automatic differentiation, scopes, devices, random numbers. This file is the table of contents. */

// Gradients
export { type Gradients, grad, jvp, type Variable, valueAndGrad, vjp } from "./autodiff.ts";
export type * from "./backend.ts";
// Values
export { Cell } from "./cell.ts";
export { checkpoint, isReplaying } from "./checkpoint.ts";
export { chromeTrace } from "./chrome-trace.ts";
// Archives
export { crc32 } from "./crc32.ts";
export { type CustomGradient, customGradient, stopGradient } from "./custom-gradient.ts";
// Where work happens
export { Device, type HostOf, openDevice, type SkippedBackend } from "./device.ts";
export { allocate, bytesPerElement, type DType, dtypeOf, isFloat, type TypedArray } from "./dtype.ts";
// Errors
export * from "./errors.ts";
export { fromNested, type HostTensor, hostTensor, type NestedNumbers, permuteHost, toNested } from "./host-tensor.ts";
// Operations
export * from "./ops/activations.ts";
export {
  add,
  atan2,
  clip,
  div,
  maximum,
  minimum,
  modulo,
  mul,
  type Operand as ArithmeticOperand,
  pow,
  squaredDifference,
  sub,
} from "./ops/arithmetic.ts";
export { type AttentionOptions, attention } from "./ops/attention.ts";
export { broadcastTo, repeat, tile } from "./ops/broadcast.ts";
export { cast } from "./ops/cast.ts";
export * from "./ops/comparison.ts";
export { type AxisOption, concat, split, stack, unstack } from "./ops/concat.ts";
export { type Conv1dOptions, type ConvTranspose1dOptions, conv1d, convTranspose1d, type SequencePadding } from "./ops/conv1d.ts";
export { type Conv2dOptions, type ConvTranspose2dOptions, conv2d, convTranspose2d } from "./ops/conv2d.ts";
export { type Conv3dOptions, conv3d, type Triple } from "./ops/conv3d.ts";
export { type DTypeOption, eye, fill, linspace, ones, onesLike, range, tensor, upload, zeros, zerosLike } from "./ops/creation.ts";
export { softmaxCrossEntropy } from "./ops/cross-entropy.ts";
export { type CumulativeOptions, cumprod, cumsum } from "./ops/cumulative.ts";
export { einsum } from "./ops/einsum.ts";
export {
  abs,
  atan,
  ceil,
  cos,
  erf,
  exp,
  expm1,
  floor,
  gelu,
  geluTanh,
  log,
  log1p,
  neg,
  reciprocal,
  relu,
  round,
  rsqrt,
  sigmoid,
  sign,
  silu,
  sin,
  softplus,
  sqrt,
  square,
  tan,
  tanh,
} from "./ops/elementwise.ts";
export { flip } from "./ops/flip.ts";
export { checkIndices, embedding, gather, oneHot, scatterAdd, scatterAlong, takeAlong } from "./ops/gather.ts";
export { type LinearOptions, linear } from "./ops/linear.ts";
export { dot, type MatmulOptions, matmul } from "./ops/matmul.ts";
export { type BatchNormResult, batchNorm, layerNorm, type NormalizationOptions, normalizeRows, rmsNorm } from "./ops/normalization.ts";
export { type Padding, type PadOptions, pad } from "./ops/pad.ts";
export { pixelShuffle, unfold } from "./ops/patches.ts";
export {
  type AveragePoolOptions,
  adaptiveAveragePool2d,
  adaptiveMaxPool2d,
  averagePool2d,
  globalAveragePool2d,
  maxPool2d,
  type PoolOptions,
} from "./ops/pool.ts";
export { type AveragePool1dOptions, averagePool1d, maxPool1d, type Pool1dOptions } from "./ops/pool1d.ts";
export {
  dropout,
  randomBernoulli,
  randomCategorical,
  randomIntegers,
  randomNormal,
  randomPermutation,
  randomTruncatedNormal,
  randomUniform,
} from "./ops/random.ts";
export * from "./ops/reduce.ts";
export { type ReluRule, withReluRule } from "./ops/relu-rule.ts";
export { expandDims, flatten, reshape, squeeze } from "./ops/reshape.ts";
export { type ResizeMode, type ResizeOptions, resize } from "./ops/resize.ts";
export { narrow, type SliceOptions, slice } from "./ops/slice.ts";
export { logSoftmax, softmax } from "./ops/softmax.ts";
export { argsort, type Sorted, type SortOptions, sort, type TopKOptions, topK } from "./ops/sort.ts";
export { swapAxes, transpose } from "./ops/transpose.ts";
export { adamUpdate, sgdUpdate, sumOfSquares } from "./ops/updates.ts";
export type { Pair, WindowOptions, WindowPadding } from "./ops/windows.ts";
export { writeSlice } from "./ops/write-slice.ts";
export type { KernelSummary, Profile } from "./profile.ts";
// Randomness
export { Rng, type RngState } from "./rng.ts";
export { scope } from "./scope.ts";
export { axisView, formatShape, type Shape, sameShape, sizeOf, stridesOf } from "./shape.ts";
export { broadcastStrides, collapseAxes, type StridedPlan } from "./strided-plan.ts";
export { type Scalar, Tensor } from "./tensor.ts";
export { randomWords, threefry2x32, wordToUnit } from "./threefry.ts";
export { Yielder } from "./yielder.ts";
export { type ZipMember, type ZipMembersOptions, zipMembers } from "./zip-members.ts";
