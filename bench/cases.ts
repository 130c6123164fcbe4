/** Every line of the table, in its order. */

import type { BenchCase } from "./case.ts";
import { addOverhead } from "./rows/add-overhead.ts";
import { cnnMemory } from "./rows/cnn-memory.ts";
import { cnnStep, cpuCnnStep, webgpuCnnStep } from "./rows/cnn-step.ts";
import { frameworkOverhead } from "./rows/framework-overhead.ts";
import { ganStep } from "./rows/gan-step.ts";
import { gptGenerate } from "./rows/gpt-generate.ts";
import { gptStep } from "./rows/gpt-step.ts";
import { lenetStep } from "./rows/lenet-step.ts";
import { matmul } from "./rows/matmul.ts";
import { mlpForward } from "./rows/mlp-forward.ts";

export const cases: readonly BenchCase[] = [
  ...cnnStep,
  webgpuCnnStep,
  cpuCnnStep,
  cnnMemory,
  lenetStep,
  gptStep,
  gptGenerate,
  ganStep,
  ...matmul,
  ...mlpForward,
  ...addOverhead,
  ...frameworkOverhead,
];
