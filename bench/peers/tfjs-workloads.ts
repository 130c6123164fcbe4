/** The workloads of the bench in TensorFlow.js, for each of its backends; images are [B, H, W, C] and kernels [kh, kw, in, out] on both sides. */

import { readFileSync } from "node:fs";
import { type HostTensor, OptionError } from "@dl/core";
import { readTensors } from "@dl/nn";
import type { NamedTensorMap, Optimizer, Scalar, Tensor, Tensor4D, Variable } from "@tensorflow/tfjs-core";
import { checkedSteps } from "../rows/training-workload.ts";
import { timed, type Workload } from "../workload.ts";

type Tfjs = typeof import("@tensorflow/tfjs-core");
type Value = (name: string) => Tensor;

interface TfjsQuestion {
  readonly workload: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly exchange: string;
}

/** Prepares what the runner asks for. */
export async function tfjsWorkload(tf: Tfjs, { workload, parameters, exchange }: TfjsQuestion): Promise<Workload> {
  const tensors = readTensors(readFileSync(exchange), { file: exchange });
  const { learningRate = 0, momentum = 0, calls = 1 } = parameters;
  switch (workload) {
    case "cnn-step":
      return training(tf, tensors, { forward: (value, images) => cnn(tf, value, images), optimizer: tf.train.sgd(learningRate) });
    case "lenet-step":
      return training(tf, tensors, {
        forward: (value, images) => leNet(tf, value, images),
        optimizer: tf.train.momentum(learningRate, momentum),
      });
    case "matmul":
      return pair(tf, tensors, { work: (a, b) => tf.matMul(a as Tensor4D, b as Tensor4D), calls: 1 });
    case "add":
      return pair(tf, tensors, { work: (a, b) => tf.add(a, b), calls });
    default:
      throw new OptionError(`tfjs has no ${workload} here`);
  }
}

/** The network of rows/cnn-step.ts. */
function cnn(tf: Tfjs, value: Value, images: Tensor4D): Tensor {
  let x = images; // [B, 32, 32, 3]
  for (let i = 0; i < 3; i++) x = convolution(tf, value, { x, name: `convolutions.${i}` });
  const flat = tf.reshape(x, [x.shape[0], -1]); // [B, 512]
  return dense(tf, value, { x: tf.relu(dense(tf, value, { x: flat, name: "hidden" })), name: "head" });
}

/** The network of rows/lenet-step.ts. */
function leNet(tf: Tfjs, value: Value, images: Tensor4D): Tensor {
  const first = convolution(tf, value, { x: images, name: "conv1" });
  const x = convolution(tf, value, { x: first, name: "conv2" });
  const flat = tf.reshape(x, [x.shape[0], -1]); // [B, 400]
  const hidden = tf.relu(dense(tf, value, { x: tf.relu(dense(tf, value, { x: flat, name: "fc1" })), name: "fc2" }));
  return dense(tf, value, { x: hidden, name: "fc3" });
}

/** Convolution, bias and ReLU in one kernel, as tfjs-layers does it; then pooling. */
function convolution(tf: Tfjs, value: Value, { x, name }: { x: Tensor4D; name: string }): Tensor4D {
  const filter = value(`${name}.weight`) as Tensor4D;
  const y = tf.fused.conv2d({ x, filter, bias: value(`${name}.bias`), activation: "relu", strides: 1, pad: "valid" });
  return tf.maxPool(y, 2, 2, "valid");
}

function dense(tf: Tfjs, value: Value, { x, name }: { x: Tensor; name: string }): Tensor {
  return tf.add(tf.matMul(x as Tensor4D, value(`${name}.weight`) as Tensor4D), value(`${name}.bias`));
}

interface Training {
  readonly forward: (value: Value, images: Tensor4D) => Tensor;
  readonly optimizer: Optimizer;
}

/** A step as users of tfjs write it: `minimize`, and the loss read back. */
async function training(tf: Tfjs, tensors: ReadonlyMap<string, HostTensor>, { forward, optimizer }: Training): Promise<Workload> {
  const { images, labels, ...weights } = Object.fromEntries(tensors) as Record<string, HostTensor>;
  const variables = new Map<string, Variable>(
    Object.entries(weights).map(([name, { data, shape }]) => [name, tf.variable(tf.tensor(data as Float32Array, [...shape]))]),
  );
  const loss = (): Scalar => {
    const x = tf.tensor4d(images!.data as Float32Array, [...images!.shape] as Tensor4D["shape"]);
    const targets = tf.oneHot(tf.tensor1d(labels!.data as Int32Array, "int32"), 10);
    return tf.losses.softmaxCrossEntropy(
      targets,
      forward((name) => variables.get(name)!, x),
    );
  };
  const minimize = (): Scalar => optimizer.minimize(loss, true, [...variables.values()])!;
  const step = async (): Promise<number> => {
    const result = minimize();
    const [number] = await result.data();
    result.dispose();
    return number!;
  };
  const check: number[] = [];
  for (let i = 0; i < checkedSteps; i++) check.push(await step());
  return { check, run: timed(step), kernels: () => kernelsOf(tf, minimize) };
}

async function pair(
  tf: Tfjs,
  tensors: ReadonlyMap<string, HostTensor>,
  { work, calls }: { work: (a: Tensor, b: Tensor) => Tensor; calls: number },
): Promise<Workload> {
  const [a, b] = ["a", "b"].map((name) => {
    const { data, shape } = tensors.get(name)!;
    return tf.tensor(data as Float32Array, [...shape]);
  }) as [Tensor, Tensor];
  const data = await work(a, b).data();
  // Awaiting the data is how one knows that a GPU is done.
  const step = async (): Promise<void> => {
    const y = work(a, b);
    if (calls === 1) await y.data();
    y.dispose();
  };
  return {
    check: [data[0]!, data[data.length - 1]!],
    run: timed(step, { calls }),
    kernels: async () => calls * (await kernelsOf(tf, () => work(a, b))),
  };
}

/** How many kernels tfjs runs for `work`. */
async function kernelsOf(tf: Tfjs, work: () => Tensor): Promise<number> {
  const profile = await tf.profile((): NamedTensorMap => ({ result: work() }));
  return profile.kernels.length;
}
