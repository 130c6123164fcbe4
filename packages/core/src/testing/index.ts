/** @dl/core/testing: suites every backend must pass, for use in vitest tests. */

export { type CheckGradientsOptions, checkGradients } from "./check-gradients.ts";
export { type GradientCase, gradientCases } from "./gradient-cases.ts";
export { gradientContract } from "./gradient-contract.ts";
export { type KernelContractOptions, kernelContract } from "./kernel-contract.ts";
