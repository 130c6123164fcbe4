/** Runs in a dedicated worker of the test page: trains with the options it is sent. */

import { trainSmall } from "./training-fixture.ts";
import { type WasmOptions, wasm } from "./wasm.ts";

addEventListener("message", async ({ data }: MessageEvent<WasmOptions>) => {
  try {
    const variants = wasm(data).variants();
    postMessage({ ...(await trainSmall(data)), variants });
  } catch (error) {
    postMessage({ error: String(error) });
  }
});
