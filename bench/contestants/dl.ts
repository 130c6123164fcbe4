/** Ours: opens a device and runs the cases on it. */

import { writeFile } from "node:fs/promises";
import { cpu } from "@dl/backend-cpu";
import { cuda, tensorflow } from "@dl/backend-tfjs/node";
import { webgpu } from "@dl/backend-tfjs/webgpu";
import { wasm } from "@dl/backend-wasm";
import type { Backend, BackendDevice } from "@dl/core";
import { prepareCase } from "./prepare-case.ts";
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
const device: BackendDevice = await backends[name]()
  .open()
  .catch((error: unknown) => {
    // Instead of a greeting: why there is none.
    console.log(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
    process.exit();
  });

await serve({ device: device.name, versions: { node: process.versions.node, v8: process.versions.v8 } }, (question) =>
  prepareCase(device, question, (file) => writeFile(question.exchange, file)),
);
await device.close();
