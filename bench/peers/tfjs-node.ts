/** TensorFlow.js over TensorFlow, as @tensorflow/tfjs-node gives it: the same addon as our tensorflow(), under tfjs's engine and gradients. */

import { createRequire } from "node:module";
import type * as util from "node:util";
import { serve } from "../contestants/serve.ts";
import { tfjsWorkload } from "./tfjs-workloads.ts";

// tfjs-node 4.22 calls two functions that Node 23 took away.
const shared = createRequire(import.meta.url)("node:util") as Record<string, unknown> & typeof util;
shared.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
shared.isArray ??= Array.isArray;
process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";

try {
  const tf = createRequire(import.meta.url)("@tensorflow/tfjs-node") as typeof import("@tensorflow/tfjs-core") & {
    node: () => { isUsingGpuDevice: boolean };
    version: Record<string, string>;
  };
  await tf.ready();
  const where = (tf.backend() as unknown as { isUsingGpuDevice: boolean }).isUsingGpuDevice ? "GPU" : "CPU";
  await serve({ device: `tfjs-node (${where})`, versions: { "tfjs-node": tf.version["tfjs-node"]! } }, (question) =>
    tfjsWorkload(tf, question),
  );
} catch (error) {
  console.log(JSON.stringify({ error: error instanceof Error ? error.message.split("\n")[0] : String(error) }));
}
