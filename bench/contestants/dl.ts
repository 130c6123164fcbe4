/** Ours: opens a device and runs the cases on it. */

import { writeFile } from "node:fs/promises";
import { cpu } from "@dl/backend-cpu";
import { webgpu } from "@dl/backend-tfjs/webgpu";
import { wasm } from "@dl/backend-wasm";
import { type BackendDevice, Device, type HostTensor, Rng } from "@dl/core";
import { writeSafetensors } from "@dl/nn";
import { cases } from "../cases.ts";
import { serve } from "./serve.ts";

export interface DlOptions {
  readonly device: "wasm" | "cpu" | "webgpu";
  readonly threads: number;
  readonly relaxed: boolean | "auto";
}

const { device: name, threads, relaxed } = JSON.parse(process.argv[2]!) as DlOptions;
const opened = { cpu: () => cpu(), webgpu: () => webgpu(), wasm: () => wasm({ threads, relaxed }) }[name];
const backend: BackendDevice = await opened().open();
const device = new Device(backend);

await serve(
  { device: backend.name, versions: { node: process.versions.node, v8: process.versions.v8 } },
  async ({ workload: caseName, parameters, seed, exchange }) => {
    const [plain, bare] = caseName.split(":");
    const found = cases.find((candidate) => candidate.name === plain);
    const prepare = bare === undefined ? found?.prepare : found?.prepareBare;
    if (!prepare) throw new Error(`prepare: expected a case, got ${JSON.stringify(caseName)}.`);
    const share = async (tensors: ReadonlyMap<string, HostTensor>): Promise<void> => {
      await writeFile(exchange, writeSafetensors(tensors));
    };
    const workload = await prepare({ device, backend, parameters, rng: new Rng(seed), share });
    return backend.launches ? { ...workload, launches: () => backend.launches!() } : workload;
  },
);
await device[Symbol.asyncDispose]();
