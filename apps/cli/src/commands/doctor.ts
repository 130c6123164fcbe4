/** dl doctor: what works on this machine, and why the rest does not. */

import { availableParallelism, totalmem } from "node:os";
import { wasm } from "@dl/backend-wasm";
import { Device, tensor } from "@dl/core";
import { defaultCacheDirectory, defaultDataDirectory } from "@dl/data/node";
import { backends } from "../backends.ts";
import type { Command } from "../command.ts";

interface DeviceReport {
  readonly backend: string;
  readonly starts: boolean;
  /** The device's name, or why it does not start. */
  readonly detail: string;
}

async function tryDevice(backend: string): Promise<DeviceReport> {
  try {
    await using device = new Device(await backends[backend]!({}).open());
    const sum = await device.compute(() => tensor([1, 2, 3]).sum());
    return { backend, starts: sum === 6, detail: sum === 6 ? device.name : `computes 1 + 2 + 3 = ${sum}` };
  } catch (error) {
    return { backend, starts: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

export const doctor: Command = {
  name: "doctor",
  summary: "Tell which devices start here, which do not and why, versions and folders.",
  positionals: "",
  details: "",
  options: { json: { help: "End with one line of JSON on stdout." } },
  async run(args) {
    const variants = wasm()
      .variants()
      .map(({ name, reason }) => ({ name, reason: reason ?? null }));
    const devices: DeviceReport[] = [];
    for (const backend of Object.keys(backends)) devices.push(await tryDevice(backend));
    const machine = {
      node: process.version,
      v8: process.versions.v8,
      platform: `${process.platform} ${process.arch}`,
      cores: availableParallelism(),
      memoryGiB: Number((totalmem() / 2 ** 30).toFixed(1)),
      cache: defaultCacheDirectory(),
      data: defaultDataDirectory() ?? null,
    };
    if (args.values.json) console.log(JSON.stringify({ devices, wasm: variants, machine }));
    else {
      for (const { backend, starts, detail } of devices) console.log(`${starts ? "ok " : "no "} ${backend.padEnd(10)} ${detail}`);
      console.log("\nwasm variants, best first:");
      for (const { name, reason } of variants)
        console.log(`${reason === null ? "ok " : "no "} ${name}${reason === null ? "" : `: ${reason}`}`);
      console.log("");
      for (const [name, value] of Object.entries(machine)) console.log(`${name.padEnd(10)} ${value ?? "(DL_DATA_DIR is not set)"}`);
    }
    return devices.some(({ starts }) => starts) ? 0 : 1;
  },
};
