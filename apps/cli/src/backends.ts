/** The devices the command line knows, by the name `--backend` takes. */

import { cpu } from "@dl/backend-cpu";
import { cuda, tensorflow } from "@dl/backend-tfjs/node";
import { webgpu } from "@dl/backend-tfjs/webgpu";
import { wasm } from "@dl/backend-wasm";
import { type Backend, type Device, OptionError, openDevice } from "@dl/core";

interface DeviceOptions {
  readonly threads?: number;
}

export const backends: Readonly<Record<string, (options: DeviceOptions) => Backend>> = {
  cuda: () => cuda(),
  wasm,
  cpu: () => cpu(),
  tensorflow: () => tensorflow(),
  webgpu: () => webgpu(),
};

/**
 * What `auto` tries, in this order. TensorFlow on a CPU is not better than wasm by so much that it is taken unasked, and WebGPU is often
 * there as a program that computes on the CPU, which is slower than wasm.
 */
const automatic = ["cuda", "wasm", "cpu"] as const;

export const backendNames: readonly string[] = ["auto", ...Object.keys(backends)];

/** Opens the named device; `auto` the first that starts. `threads` are the wasm device's, null for one a core. */
export function openNamedDevice({ backend: name, threads }: { backend: string; threads: number | null }): Promise<Device> {
  const options = threads === null ? {} : { threads };
  if (name === "auto") {
    const [first, ...rest] = automatic.map((automaticName) => backends[automaticName]!(options));
    return openDevice(first!, ...rest);
  }
  const make = Object.hasOwn(backends, name) ? backends[name] : undefined;
  if (!make) throw new OptionError(`--backend: expected ${backendNames.join(", ")}, got ${JSON.stringify(name)}.`);
  return openDevice(make(options));
}
