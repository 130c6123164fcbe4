/** The test page: trains in a worker, and tries to open the device on its own thread. */

import type { WasmOptions } from "./wasm.ts";
import { wasm } from "./wasm.ts";

const page = globalThis as unknown as { trainInWorker: unknown; openHere: unknown };

page.trainInWorker = (options: WasmOptions): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const worker = new Worker("/worker.js", { type: "module" });
    worker.onmessage = ({ data }) => {
      resolve(data);
      worker.terminate();
    };
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(options);
  });

page.openHere = async (options: WasmOptions): Promise<string> => {
  try {
    const device = await wasm(options).open();
    const x = { buffer: device.upload(Float32Array.of(1, -2, 3), "float32"), shape: [3], dtype: "float32" } as const;
    const y = device.readSync(device.kernels.unary("relu", x), "float32", 3);
    await device.close();
    return `${device.name}: ${y.join(" ")}`;
  } catch (error) {
    return String(error);
  }
};
