/** The workloads of the bench in jax-js, each step one compiled function. Images and weights are turned into its layout, channels first. */

import { type HostTensor, OptionError } from "@dl/core";
import { readTensors } from "@dl/nn";
import * as jax from "@jax-js/jax";
import type { PrepareQuestion } from "../contestants/answering.ts";
import { checkedSteps } from "../rows/training-workload.ts";
import { timed, type Workload } from "../workload.ts";

const { numpy: np, nn, lax, jit, valueAndGrad } = jax;
type Values = { [name: string]: jax.Array };

/** Prepares what the runner asks for, on the device that `useJax` named; `file` holds weights and inputs. */
export async function jaxWorkload({ workload, parameters }: PrepareQuestion, file: Uint8Array): Promise<Workload> {
  const tensors = readTensors(file, { file: "the exchange" });
  if (workload === "cnn-step") return cnnStep(tensors, parameters.learningRate!);
  if (workload === "matmul") return pair(tensors, { work: jit((a: jax.Array, b: jax.Array) => np.matmul(a, b)), calls: 1 });
  if (workload === "add") return pair(tensors, { work: jit((a: jax.Array, b: jax.Array) => a.add(b)), calls: parameters.calls! });
  throw new OptionError(`jax-js has no ${workload} here`);
}

/** @throws Error where the device does not start. */
export async function useJax(device: "wasm" | "webgpu"): Promise<void> {
  const started = await jax.init(device);
  if (!started.includes(device)) throw new Error(`jax-js: expected ${device} to start, got ${started.join(", ") || "none"}.`);
  jax.defaultDevice(device);
}

function arrayOf({ data, shape }: HostTensor, axes?: number[]): jax.Array {
  const array = np.array(data as Float32Array<ArrayBuffer>).reshape([...shape]);
  return axes === undefined ? array : array.transpose(axes);
}

/** The network of rows/cnn-step.ts; every array is used once, or taken with `.ref` before. */
function forward(weights: Values, images: jax.Array): jax.Array {
  let x = images; // [B, 3, 32, 32]
  for (let i = 0; i < 3; i++) {
    const y = lax.conv(x, weights[`convolutions.${i}.weight`]!, [1, 1], "VALID");
    const [batch, channels, height, width] = y.shape as [number, number, number, number];
    const active = nn.relu(y.add(weights[`convolutions.${i}.bias`]!.reshape([1, channels, 1, 1])));
    const [tall, wide] = [height >> 1, width >> 1];
    const even = active.slice([], [], [0, 2 * tall], [0, 2 * wide]);
    x = np.max(even.reshape([batch, channels, tall, 2, wide, 2]), [3, 5]); // [B, channels, tall, wide]
  }
  const flat = x.transpose([0, 2, 3, 1]).reshape([x.shape[0]!, -1]); // [B, 512], as images [B, H, W, C] are flattened
  const hidden = nn.relu(np.matmul(flat, weights["hidden.weight"]!).add(weights["hidden.bias"]!));
  return np.matmul(hidden, weights["head.weight"]!).add(weights["head.bias"]!);
}

async function cnnStep(tensors: ReadonlyMap<string, HostTensor>, learningRate: number): Promise<Workload> {
  const { images, labels, ...rest } = Object.fromEntries(tensors) as Record<string, HostTensor>;
  const batch = labels!.data.length;
  const chosen = new Float32Array(batch * 10);
  for (const [row, label] of labels!.data.entries()) chosen[row * 10 + label] = -1 / batch;
  let weights: Values = Object.fromEntries(
    Object.entries(rest).map(([name, tensor]) => [name, arrayOf(tensor, tensor.shape.length === 4 ? [3, 2, 0, 1] : undefined)]),
  );
  const loss = (current: Values, x: jax.Array, targets: jax.Array): jax.Array => nn.logSoftmax(forward(current, x)).mul(targets).sum();
  const train = jit((current: Values, x: jax.Array, targets: jax.Array): [jax.Array, Values] => {
    const [value, gradients] = valueAndGrad(loss)(jax.tree.ref(current), x, targets) as [jax.Array, Values];
    const moved = Object.fromEntries(
      Object.entries(current).map(([name, weight]) => [name, weight.sub(gradients[name]!.mul(learningRate))]),
    );
    return [value, moved];
  });
  const step = async (): Promise<number> => {
    const x = arrayOf(images!, [0, 3, 1, 2]);
    const targets = np.array(chosen).reshape([batch, 10]);
    const [value, moved] = train(weights, x, targets) as [jax.Array, Values];
    weights = moved;
    await jax.blockUntilReady(weights);
    return (await value.data())[0]!;
  };
  const check: number[] = [];
  for (let i = 0; i < checkedSteps; i++) check.push(await step());
  return { check, run: timed(step) };
}

async function pair(
  tensors: ReadonlyMap<string, HostTensor>,
  { work, calls }: { work: (a: jax.Array, b: jax.Array) => jax.Array; calls: number },
): Promise<Workload> {
  const [a, b] = [arrayOf(tensors.get("a")!), arrayOf(tensors.get("b")!)];
  const first = await work(a.ref, b.ref).data();
  const step = async (): Promise<void> => {
    const y = work(a.ref, b.ref);
    await y.blockUntilReady();
    y.dispose();
  };
  return { check: [first[0]!, first[first.length - 1]!], run: timed(step, { calls }) };
}
