/** The CNN step as TensorFlow.js composes it, for any of its backends. */

import type { HostTensor } from "@dl/core";
import type { Scalar, Tensor, Tensor4D, Variable } from "@tensorflow/tfjs-core";
import { checkedSteps } from "../rows/training-workload.ts";
import { timed, type Workload } from "../workload.ts";

/** The network of rows/cnn-step.ts; both sides keep images as [B, H, W, C] and weights as [kh, kw, in, out]. */
export async function cnnStep(
  tf: typeof import("@tensorflow/tfjs-core"),
  tensors: ReadonlyMap<string, HostTensor>,
  { learningRate }: { readonly learningRate: number },
): Promise<Workload> {
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
