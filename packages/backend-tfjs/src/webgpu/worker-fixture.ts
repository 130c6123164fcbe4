/** Runs in a worker thread: opens a device of its own and trains. */

import { parentPort } from "node:worker_threads";
import { trainSmall } from "./training-fixture.ts";
import { webgpu } from "./webgpu.ts";

try {
  parentPort!.postMessage(await trainSmall(webgpu(), { steps: 5 }));
} catch (error) {
  parentPort!.postMessage({ error: String(error) });
}
