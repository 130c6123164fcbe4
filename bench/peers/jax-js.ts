/** jax-js on its wasm backend in Node. */

import { readFileSync } from "node:fs";
import { serve } from "../contestants/serve.ts";
import { jaxWorkload, useJax } from "./jax-workloads.ts";

await useJax("wasm");
// Its manifest is not among its exports.
const manifest = new URL("../package.json", import.meta.resolve("@jax-js/jax"));
const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };

await serve({ device: "jax-js (wasm)", versions: { "jax-js": version } }, async (question) =>
  jaxWorkload(question, readFileSync(question.exchange)),
);
