/** Claim: tensors, scopes and automatic differentiation cost at most 15 % over the same kernels called bare. */

import type { BenchCase } from "../case.ts";
import type { Preparation } from "../workload.ts";
import { bareWorkload } from "./bare-workload.ts";
import { cnnTraining } from "./cnn-step.ts";
import { lenetTraining } from "./lenet-step.ts";
import { type TrainingWorkload, trainingWorkload } from "./training-workload.ts";

const nets = [
  { name: "cnn-32", title: "CNN step, batch 32", parameters: { batch: 32, learningRate: 0.01 }, make: cnnTraining, atMost: 1.15 },
  // A millisecond of kernels: reported, without a floor.
  { name: "lenet-4", title: "LeNet step, batch 4", parameters: { batch: 4, learningRate: 0.001, momentum: 0.9 }, make: lenetTraining },
] satisfies { make: (preparation: Preparation) => TrainingWorkload<"images" | "labels">; [key: string]: unknown }[];

export const frameworkOverhead: readonly BenchCase[] = nets.map(({ name, title, parameters, make, atMost }) => ({
  name: `framework-overhead-${name}`,
  title: `${title}: through the core, beside its kernels alone`,
  workload: "framework-overhead",
  parameters,
  quick: { batch: 2 },
  device: "wasm",
  measures: "time",
  prepare: async (preparation) => {
    const workload = await trainingWorkload(preparation, make(preparation));
    return { ...workload, check: [...workload.check, await workload.step(), await workload.step()] };
  },
  prepareBare: (preparation) => bareWorkload(preparation, make),
  peers: ["bare"],
  // The same kernels on the same numbers: the same bits.
  tolerance: 0,
  floors: atMost === undefined ? [] : [{ of: "ratio", peer: "bare", atMost: () => atMost }],
}));
