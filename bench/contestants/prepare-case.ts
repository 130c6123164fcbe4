/** A case of ours, prepared on an open device; its kernels are counted by the device where it does. */

import { type BackendDevice, Device, type HostTensor, Rng } from "@dl/core";
import { writeSafetensors } from "@dl/nn";
import { cases } from "../cases.ts";
import { countKernels } from "../measure/count-kernels.ts";
import type { Workload } from "../workload.ts";
import type { PrepareQuestion } from "./answering.ts";

/** @param share  Takes the weights and inputs, as a safetensors file. */
export async function prepareCase(
  backend: BackendDevice,
  { workload: caseName, parameters, seed }: PrepareQuestion,
  share: (file: Uint8Array) => Promise<void>,
): Promise<Workload> {
  const [plain, bare] = caseName.split(":");
  const found = cases.find((candidate) => candidate.name === plain);
  const prepare = bare === undefined ? found?.prepare : found?.prepareBare;
  if (!prepare) throw new Error(`prepare: expected a case, got ${JSON.stringify(caseName)}.`);
  const workload = await prepare({
    device: new Device(backend),
    backend,
    parameters,
    rng: new Rng(seed),
    share: (tensors: ReadonlyMap<string, HostTensor>) => share(writeSafetensors(tensors)),
  });
  if (backend.launches) return { ...workload, launches: () => backend.launches!() };
  return { ...workload, kernels: () => countKernels(backend, () => workload.run(1)) };
}
