/** @dl/backend-tfjs/webgpu: the WebGPU device, in browsers and in Node. This file is the table of contents. */

export { type WebgpuOptions, webgpu } from "./webgpu.ts";
