/** The WebGPU backend: finds an adapter, starts a device of its own with the limits it needs, or says why not. */

import { type Backend, type BackendDevice, OptionError, UnsupportedError } from "@dl/core";
import { WebgpuDevice } from "./device.ts";
import { findGpu } from "./gpu-provider.ts";
import { Runner, type Traits } from "./runner.ts";

export interface WebgpuOptions {
  /** Which of several GPUs. Default `"high-performance"`. */
  readonly powerPreference?: "high-performance" | "low-power";
  /** Bytes of GPU memory the device may take, idle buffers included. Default: what the GPU gives. */
  readonly maxMemory?: number;
  /** @internal Kernels for hardware on a software adapter, or the other way round: for tests. Default: as the adapter is. */
  readonly traits?: Partial<Traits>;
}

/** Raised as far as the adapter goes: defaults stop at 128 MiB a buffer and 8 buffers a shader. */
const raisedLimits = ["maxBufferSize", "maxStorageBufferBindingSize", "maxStorageBuffersPerShaderStage"] as const;
const wantedFeatures = ["timestamp-query"] as const;
/** Adapters that compute on the CPU say so in their names; the standard's flag is not set everywhere. */
const softwareNames = /llvmpipe|lavapipe|swiftshader|software|basic render/i;

/**
 * WebGPU: in a page, in a worker, and in Node through Dawn (`npm install webgpu`).
 *
 * @example no-run
 * await using device = await openDevice(webgpu(), wasm());
 */
export function webgpu({
  powerPreference = "high-performance",
  maxMemory = Number.POSITIVE_INFINITY,
  traits = {},
}: WebgpuOptions = {}): Backend {
  if (!(maxMemory >= 2 ** 20)) throw new OptionError(`webgpu: expected maxMemory of at least ${2 ** 20} bytes, got ${maxMemory}.`);
  return {
    name: "webgpu",
    async open(): Promise<BackendDevice> {
      const gpu = await findGpu();
      const adapter = await gpu.requestAdapter({ powerPreference });
      if (!adapter) throw new UnsupportedError(noAdapter());
      const { info, limits } = adapter;
      const required = Object.fromEntries(raisedLimits.map((name) => [name, limits[name]]));
      const features = wantedFeatures.filter((feature) => adapter.features.has(feature));
      const device = await adapter.requestDevice({ requiredLimits: required, requiredFeatures: features });
      const description = [info.description, info.device, info.architecture, info.vendor].find((text) => text !== "") ?? "GPU";
      const software = info.isFallbackAdapter === true || softwareNames.test([info.description, info.device, info.architecture].join(" "));
      const runner = new Runner(device, {
        limits: { total: maxMemory, single: Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize) },
        traits: { cooperative: !software, tileRows: 4, maxBuffers: limits.maxStorageBuffersPerShaderStage, ...traits },
      });
      return new WebgpuDevice(runner, `webgpu (${description}${software ? ", software" : ""})`);
    },
  };
}

function noAdapter(): string {
  const inNode = (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !== undefined;
  const advice = inNode
    ? "Dawn needs a driver: Vulkan on Linux (libvulkan1 and a driver; for software rendering mesa-vulkan-drivers 25 or SwiftShader by VK_ICD_FILENAMES), Metal on macOS, Direct3D 12 on Windows."
    : "The browser found no GPU it trusts; chrome://gpu says why. In Chromium without a GPU, --enable-unsafe-webgpu gives a software adapter.";
  return `webgpu: expected a GPU, got no adapter. ${advice}`;
}
