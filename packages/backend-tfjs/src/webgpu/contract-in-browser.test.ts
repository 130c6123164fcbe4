/** The whole contract in a browser: every kernel, and every operation with both its gradients, against the float64 oracle. */

import { cpu } from "@dl/backend-cpu";
import { gradientContract, kernelContract } from "@dl/core/testing";
import { webgpu } from "./webgpu.ts";

const oracle = cpu({ precision: "float64" });
kernelContract(webgpu(), { oracle });
gradientContract(webgpu(), { oracle });
