/** The devices the command line knows, by the name `--backend` takes. */

import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { type Backend, type Device, OptionError, openDevice } from "@dl/core";

export interface DeviceOptions {
  /** Threads of the wasm device. Default: one a core. */
  readonly threads?: number;
}

/** In the order `auto` tries them. */
export const backends: Readonly<Record<string, (options: DeviceOptions) => Backend>> = { wasm, cpu: () => cpu() };

export const backendNames: readonly string[] = ["auto", ...Object.keys(backends)];

/** Opens the named device; `auto` the first that starts. */
export function openNamedDevice(name: string, options: DeviceOptions = {}): Promise<Device> {
  if (name === "auto") {
    const [first, ...rest] = Object.values(backends).map((make) => make(options));
    return openDevice(first!, ...rest);
  }
  const make = Object.hasOwn(backends, name) ? backends[name] : undefined;
  if (!make) throw new OptionError(`--backend: expected ${backendNames.join(", ")}, got ${JSON.stringify(name)}.`);
  return openDevice(make(options));
}
