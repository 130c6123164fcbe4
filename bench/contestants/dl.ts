/** Ours: opens a device and runs the cases on it. */

import { writeFile } from "node:fs/promises";
import { cpu } from "@dl/backend-cpu";
import { cuda, tensorflow } from "@dl/backend-tfjs/node";
import { webgpu } from "@dl/backend-tfjs/webgpu";
import { wasm } from "@dl/backend-wasm";
import { type Backend, type BackendDevice, Device, type HostTensor, Rng } from "@dl/core";
import { writeSafetensors } from "@dl/nn";
import { cases } from "../cases.ts";
import { countKernels } from "../measure/count-kernels.ts";
import { serve } from "./serve.ts";

/** The devices ours runs on. */
export type DeviceName = "wasm" | "cpu" | "tensorflow" | "cuda" | "webgpu";

export interface DlOptions {
  readonly device: DeviceName;
  readonly threads: number;
  readonly relaxed: boolean | "auto";
}

const { device: name, threads, relaxed } = JSON.parse(process.argv[2]!) as DlOptions;
const backends: Readonly<Record<DeviceName, () => Backend>> = {
  wasm: () => wasm({ threads, relaxed }),
  cpu: () => cpu(),
  tensorflow: () => tensorflow(),
  cuda: () => cuda(),
  webgpu: () => webgpu(),
};
const backend: BackendDevice = await backends[name]()
  .open()
  .catch((error: unknown) => {
    // Instead of a greeting: why there is none.
    console.log(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
    process.exit();
  });
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
    if (backend.launches) return { ...workload, launches: () => backend.launches!() };
    return { ...workload, kernels: () => countKernels(backend, () => workload.run(1)) };
  },
);
await device[Symbol.asyncDispose]();
