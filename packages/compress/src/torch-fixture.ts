/** Numbers of torch, for the tests: see fixtures/README.md. */

import { readFileSync } from "node:fs";
import { type HostTensor, hostTensor, type Shape } from "@dl/core";

type Numbers = readonly number[];

export interface TorchNumbers {
  readonly affine: { readonly values: Numbers; readonly scale: number; readonly zeroPoint: number; readonly rounded: Numbers };
  readonly weight: { readonly shape: Shape; readonly values: Numbers; readonly scales: Numbers; readonly rounded: Numbers };
  readonly moving: { readonly batches: readonly Numbers[]; readonly min: number; readonly max: number };
  readonly learnedTensor: Readonly<Record<"x" | "gradient" | "y" | "dx" | "dscale" | "dzero", Numbers>> & {
    readonly shape: Shape;
    readonly scale: number;
    readonly zeroPoint: number;
    readonly factor: number;
  };
  readonly learnedChannel: Readonly<Record<"x" | "gradient" | "scales" | "y" | "dx" | "dscale", Numbers>> & { readonly shape: Shape };
  readonly pruning: {
    readonly weights: readonly Numbers[];
    readonly shapes: readonly Shape[];
    readonly sparsity: number;
    readonly masks: readonly Numbers[];
  };
  readonly distillation: Readonly<Record<"student" | "teacher" | "studentFeatures" | "teacherFeatures", Numbers>> & {
    readonly temperature: number;
    readonly soft: number;
    readonly attention: number;
  };
  readonly singular: { readonly shape: Shape; readonly values: Numbers; readonly singular: Numbers };
}

export const torch = JSON.parse(readFileSync(new URL("../fixtures/torch.json", import.meta.url), "utf8")) as TorchNumbers;

export function asTensor(values: Numbers, shape: Shape): HostTensor {
  return hostTensor(Float32Array.from(values), shape);
}
