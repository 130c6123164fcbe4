/** @dl/privacy: training whose result tells little of any one example, and an account of how much. This file is the table of contents. */

// What steps cost
export { type NoiseForBudgetOptions, noiseForBudget } from "./accounting/noise-for-budget.ts";
export { defaultOrders, type PrivateSteps, RdpAccountant, type Spent } from "./accounting/rdp-accountant.ts";
export { type GaussianMechanism, rdpOfSubsampledGaussian } from "./accounting/subsampled-gaussian.ts";
// A step by hand
export {
  type ClippedGradients,
  type ClippedGradientsOptions,
  clippedGradients,
  type ExampleMethod,
} from "./gradients/clipped-gradients.ts";
export type { ExampleBatch, ExampleLosses } from "./gradients/example-gradients.ts";
export { addGaussianNoise } from "./gradients/gaussian-noise.ts";
// A whole run
export { type FitPrivatelyOptions, type FitPrivatelyResult, fitPrivately } from "./training/fit-privately.ts";
export { poissonSample } from "./training/poisson-sample.ts";
export type { PrivateStepOptions, Tensors } from "./training/private-step.ts";
