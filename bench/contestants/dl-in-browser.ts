/** Ours in a Web Worker. The name of the worker says on which device. */

import { webgpu } from "@dl/backend-tfjs/webgpu";
import { wasm } from "@dl/backend-wasm";
import type { BackendDevice } from "@dl/core";
import type { DlOptions } from "./dl.ts";
import { failureOf, send, serveInWorker } from "./in-browser.ts";
import { prepareCase } from "./prepare-case.ts";

const { device: name, threads, relaxed } = JSON.parse(self.name) as DlOptions;
try {
  const device: BackendDevice = await (name === "webgpu" ? webgpu() : wasm({ threads, relaxed })).open();
  serveInWorker({ device: device.name, versions: {} }, (question) => prepareCase(device, question, send));
} catch (error) {
  postMessage(failureOf(error));
}
