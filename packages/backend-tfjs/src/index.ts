/** @dl/backend-tfjs: the GPU devices that load in a browser; those of Node alone are in `@dl/backend-tfjs/node`. This file is the table of contents. */

export { type WebgpuOptions, webgpu } from "./webgpu/webgpu.ts";
