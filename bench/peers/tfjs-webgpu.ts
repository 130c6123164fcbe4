/** TensorFlow.js on its WebGPU backend, in Node through Dawn: the same adapter as ours, its limits raised the same way. */

import { createRequire } from "node:module";
import { create, globals } from "webgpu";
import { serve } from "../contestants/serve.ts";
import { tfjsWorkload } from "./tfjs-workloads.ts";

const gpu = create([]);
Object.assign(globalThis, globals);
Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });

const require = createRequire(import.meta.url);
const tf = require("@tensorflow/tfjs-core") as typeof import("@tensorflow/tfjs-core");
require("@tensorflow/tfjs-core/dist/register_all_gradients");
const { WebGPUBackend } = require("@tensorflow/tfjs-backend-webgpu") as typeof import("@tensorflow/tfjs-backend-webgpu");

// Tensors of fewer than a thousand elements would be computed on the CPU, and wait for the GPU.
tf.env().set("WEBGPU_CPU_FORWARD", false);
const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
if (!adapter) {
  console.log(JSON.stringify({ error: "no adapter: on a machine without a GPU set VK_ICD_FILENAMES to a software Vulkan driver's" }));
  process.exit();
}
const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage, maxComputeWorkgroupStorageSize } = adapter.limits;
const device = await adapter.requestDevice({
  requiredLimits: { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage, maxComputeWorkgroupStorageSize },
});
let launches = 0;
const backend = new WebGPUBackend(device as never, adapter.info as never);
const dispatch = globalThis.GPUComputePassEncoder.prototype.dispatchWorkgroups;
globalThis.GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...groups) {
  launches++;
  return dispatch.apply(this, groups);
};
tf.registerBackend("webgpu", () => backend);
await tf.setBackend("webgpu");
await tf.ready();

const versions = { tfjs: tf.version_core, dawn: "npm webgpu" };
await serve({ device: `tfjs webgpu (${adapter.info.description || "GPU"})`, versions }, async (question) => {
  return { ...(await tfjsWorkload(tf, question)), launches: () => launches };
});
