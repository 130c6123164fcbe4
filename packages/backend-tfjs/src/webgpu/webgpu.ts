/** The WebGPU backend. */

import { type Backend, type BackendDevice, OptionError } from "@dl/core";
import { WebgpuDevice } from "./device.ts";
import { openRunner } from "./open-runner.ts";

export interface WebgpuOptions {
  /** Which of several GPUs. Default `"high-performance"`. */
  readonly powerPreference?: "high-performance" | "low-power";
  /** Bytes of GPU memory the device may take, idle buffers included; at least 1 MiB. Default: what the GPU gives. */
  readonly maxMemory?: number;
  /**
   * Whether the workers of a workgroup share a row through shared memory, as suits hardware, or each takes rows of its own, as suits
   * software adapters. Default `"auto"`: by the adapter's name.
   */
  readonly rows?: "auto" | "shared" | "own";
}

/**
 * WebGPU: in a page, in a worker, and in Node through Dawn (`npm install webgpu`).
 *
 * `open` rejects with an `UnsupportedError` that says what is missing: the entry point, an adapter, a secure page.
 *
 * @throws OptionError when an option is out of range.
 * @example no-run
 * await using device = await openDevice(webgpu({ maxMemory: 2 ** 30 }), wasm());
 */
export function webgpu(options: WebgpuOptions = {}): Backend {
  const { powerPreference = "high-performance", maxMemory = Number.POSITIVE_INFINITY, rows = "auto" } = options;
  if (!(maxMemory >= 2 ** 20)) throw new OptionError(`webgpu: expected maxMemory of at least ${2 ** 20} bytes, got ${maxMemory}.`);
  if (!["auto", "shared", "own"].includes(rows)) throw new OptionError(`webgpu: expected rows "auto", "shared" or "own", got ${rows}.`);
  const traits = rows === "auto" ? {} : { cooperative: rows === "shared" };
  return {
    name: "webgpu",
    async open(): Promise<BackendDevice> {
      const { runner, name } = await openRunner({ powerPreference, maxMemory, traits });
      return new WebgpuDevice(runner, name);
    },
  };
}
