/** Schedules of learning rates and other hyper-parameters: the contents of `schedules`. */

export { type CosineOptions, type CosineRestartsOptions, cosine, cosineRestarts } from "./cosine.ts";
export { type CyclicOptions, cyclic } from "./cyclic.ts";
export { inverseRoot } from "./inverse-root.ts";
export { type OneCycleOptions, oneCycle, oneCycleMomentum } from "./one-cycle.ts";
export { linear, polynomial } from "./polynomial.ts";
export { constant, type Schedule } from "./schedule.ts";
export { sequence } from "./sequence.ts";
export { exponential, multiStep, step } from "./step.ts";
export { warmUp } from "./warm-up.ts";
