/** @dl/backend-cpu: kernels in plain TypeScript. This file is the table of contents. */

export { type CpuOptions, cpu } from "./cpu.ts";
