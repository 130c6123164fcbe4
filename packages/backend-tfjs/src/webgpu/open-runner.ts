/** From an adapter to a runner: a device of its own, with the adapter's limits and what it says of itself. */

import { UnsupportedError } from "@dl/core";
import { findGpu } from "./gpu-provider.ts";
import { Runner, type Traits } from "./runner.ts";

export interface RunnerOptions {
  readonly powerPreference: "high-performance" | "low-power";
  readonly maxMemory: number;
  readonly traits: Partial<Traits>;
}

/** Raised as far as the adapter goes: defaults stop at 128 MiB a buffer and 8 buffers a shader. */
const raisedLimits = ["maxBufferSize", "maxStorageBufferBindingSize", "maxStorageBuffersPerShaderStage"] as const;
const wantedFeatures = ["timestamp-query"] as const;
/** Longer chains make shaders that are rarely met again, and each has to be compiled. */
const mostParts = 8;
/** Adapters that compute on the CPU say so in their names; the standard's flag is not set everywhere. */
const softwareNames = /llvmpipe|lavapipe|swiftshader|software|basic render/i;

/** @throws UnsupportedError with what is missing here. */
export async function openRunner({ powerPreference, maxMemory, traits }: RunnerOptions): Promise<{ runner: Runner; name: string }> {
  const gpu = await findGpu();
  const adapter = await gpu.requestAdapter({ powerPreference });
  if (!adapter) throw new UnsupportedError(noAdapter());
  const { info, limits } = adapter;
  const requiredLimits = Object.fromEntries(raisedLimits.map((name) => [name, limits[name]]));
  const requiredFeatures = wantedFeatures.filter((feature) => adapter.features.has(feature));
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
  const words = [info.description, info.device, info.architecture, info.vendor];
  const software = info.isFallbackAdapter === true || softwareNames.test(words.join(" "));
  const runner = new Runner(device, {
    limits: { total: maxMemory, single: Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize) },
    traits: { cooperative: !software, tileRows: 4, mostParts, maxBuffers: limits.maxStorageBuffersPerShaderStage, ...traits },
  });
  const description = words.find((text) => text !== "") ?? "GPU";
  return { runner, name: `webgpu (${description}${software ? ", software" : ""})` };
}

function noAdapter(): string {
  const inNode = (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !== undefined;
  const advice = inNode
    ? "Dawn needs a driver: Vulkan on Linux (libvulkan1, and a driver such as mesa-vulkan-drivers 25; Mesa 22 is refused), Metal on macOS, Direct3D 12 on Windows."
    : "The browser found no GPU it trusts; chrome://gpu says why. In Chromium without a GPU, --enable-unsafe-webgpu gives a software adapter.";
  return `webgpu: expected a GPU, got no adapter. ${advice}`;
}
