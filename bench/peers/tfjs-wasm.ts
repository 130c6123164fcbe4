/**
 * The CNN step in TensorFlow.js on its wasm backend, single-threaded in Node as its authors ship it.
 *
 * Two things it lacks are filled in: the kernel of a convolution's gradient by its filter, without which nothing trains, and the
 * gradients, which its Node entry leaves out.
 */

import { createRequire } from "node:module";
import { dirname } from "node:path";
import { serve } from "../contestants/serve.ts";
import { registerFilterGradient } from "./conv2d-filter-gradient.ts";
import { tfjsWorkload } from "./tfjs-workloads.ts";

const require = createRequire(import.meta.url);
const tf = require("@tensorflow/tfjs-core") as typeof import("@tensorflow/tfjs-core");
require("@tensorflow/tfjs-core/dist/register_all_gradients");
const { setWasmPaths } = require("@tensorflow/tfjs-backend-wasm") as typeof import("@tensorflow/tfjs-backend-wasm");

setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
registerFilterGradient(tf);
await tf.setBackend("wasm");
await tf.ready();

const simd = (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) ? "SIMD, " : "";
const device = `tfjs wasm (${simd}1 thread), filter gradient filled in`;

await serve({ device, versions: { tfjs: tf.version_core } }, (question) => tfjsWorkload(tf, question));
