/** jax-js on its WebGPU backend, in a Web Worker. */

import { failureOf, receive, serveInWorker } from "../contestants/in-browser.ts";
import { jaxWorkload, useJax } from "./jax-workloads.ts";

try {
  await useJax("webgpu");
  serveInWorker({ device: "jax-js (webgpu)", versions: {} }, async (question) => jaxWorkload(question, await receive()));
} catch (error) {
  postMessage(failureOf(error));
}
