/** @dl/core: tensors, automatic differentiation, scopes, devices, random numbers. This file is the table of contents. */

export type * from "./backend.ts";
export { allocate, bytesPerElement, type DType, dtypeOf, isFloat, type TypedArray } from "./dtype.ts";
export * from "./errors.ts";
export { fromNested, type HostTensor, hostTensor, type NestedNumbers, toNested } from "./host-tensor.ts";
export { Rng, type RngState } from "./rng.ts";
export { axisView, broadcastShapes, formatShape, normalizeAxes, normalizeAxis, type Shape, sameShape, sizeOf, stridesOf } from "./shape.ts";
export { randomWords, threefry2x32, wordToUnit } from "./threefry.ts";
