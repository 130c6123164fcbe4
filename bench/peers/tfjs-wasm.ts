/**
 * The CNN step in TensorFlow.js on its wasm backend, single-threaded in Node as its authors ship it.
 *
 * Two things it lacks are filled in: the kernel of a convolution's gradient by its filter, without which nothing trains, and the
 * gradients, which its Node entry leaves out.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { type HostTensor, OptionError } from "@dl/core";
import { readTensors } from "@dl/nn";
import type { Scalar, Tensor, Tensor4D, Variable } from "@tensorflow/tfjs-core";
import { serve } from "../contestants/serve.ts";
import { checkedSteps } from "../rows/training-workload.ts";
import { timed, type Workload } from "../workload.ts";
import { registerFilterGradient } from "./conv2d-filter-gradient.ts";

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

await serve({ device, versions: { tfjs: tf.version_core } }, async ({ workload, parameters, exchange }) => {
  if (workload !== "cnn-step") throw new OptionError(`tfjs-wasm: expected cnn-step, got ${workload}.`);
  return cnnStep(readTensors(readFileSync(exchange), { file: exchange }), parameters.learningRate!);
});

/** The network of rows/cnn-step.ts; both sides keep images as [B, H, W, C] and weights as [kh, kw, in, out]. */
async function cnnStep(tensors: ReadonlyMap<string, HostTensor>, learningRate: number): Promise<Workload> {
  const { images, labels, ...weights } = Object.fromEntries(tensors) as Record<string, HostTensor>;
  const variables = new Map<string, Variable>(
    Object.entries(weights).map(([name, { data, shape }]) => [name, tf.variable(tf.tensor(data as Float32Array, [...shape]))]),
  );
  const value = (name: string): Tensor => variables.get(name)!;
  const optimizer = tf.train.sgd(learningRate);

  const loss = (): Scalar => {
    let x: Tensor4D = tf.tensor4d(images!.data as Float32Array, [...images!.shape] as Tensor4D["shape"]); // [B, 32, 32, 3]
    for (let i = 0; i < 3; i++) {
      const filter = value(`convolutions.${i}.weight`) as Tensor4D;
      const bias = value(`convolutions.${i}.bias`);
      x = tf.maxPool(tf.fused.conv2d({ x, filter, bias, activation: "relu", strides: 1, pad: "valid" }), 2, 2, "valid");
    }
    const flat = tf.reshape(x, [x.shape[0], -1]); // [B, 512]
    const hidden = tf.relu(tf.add(tf.matMul(flat, value("hidden.weight")), value("hidden.bias"))); // [B, 128]
    const logits = tf.add(tf.matMul(hidden, value("head.weight")), value("head.bias")); // [B, 10]
    const targets = tf.oneHot(tf.tensor1d(labels!.data as Int32Array, "int32"), 10);
    return tf.losses.softmaxCrossEntropy(targets, logits);
  };
  const step = async (): Promise<number> => {
    const result = optimizer.minimize(loss, true, [...variables.values()])!;
    const [number] = await result.data();
    result.dispose();
    return number!;
  };
  const check: number[] = [];
  for (let i = 0; i < checkedSteps; i++) check.push(await step());
  return { check, run: timed(step) };
}
