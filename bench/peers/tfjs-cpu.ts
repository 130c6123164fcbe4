/** TensorFlow.js on its cpu backend, plain JavaScript in one thread: what tfjs falls back to where nothing else starts. */

import { createRequire } from "node:module";
import { serve } from "../contestants/serve.ts";
import { tfjsWorkload } from "./tfjs-workloads.ts";

const require = createRequire(import.meta.url);
const tf = require("@tensorflow/tfjs-core") as typeof import("@tensorflow/tfjs-core");
require("@tensorflow/tfjs-core/dist/register_all_gradients");
require("@tensorflow/tfjs-backend-cpu");

await tf.setBackend("cpu");
await tf.ready();

await serve({ device: "tfjs cpu", versions: { tfjs: tf.version_core } }, (question) => tfjsWorkload(tf, question));
