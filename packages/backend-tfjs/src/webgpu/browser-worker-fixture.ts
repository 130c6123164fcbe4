/** Runs in a dedicated worker of the test page: opens a device of its own and trains. */

import { trainSmall } from "./training-fixture.ts";
import { webgpu } from "./webgpu.ts";

addEventListener("message", async ({ data }: MessageEvent<{ steps: number }>) => {
  try {
    postMessage(await trainSmall(webgpu(), data));
  } catch (error) {
    postMessage({ error: String(error) });
  }
});
