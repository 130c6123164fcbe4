/** @dl/backend-tfjs/node: TensorFlow in Node, on a CPU or an NVIDIA GPU. This file is the table of contents. */

export type { TensorflowDevice } from "./device.ts";
export { type CudaOptions, cuda, type TensorflowBackend, type TensorflowOptions, tensorflow } from "./tensorflow.ts";
