/** Decay with the root of the steps: what Vaswani et al. 2017 (arXiv:1706.03762, equation 3) do after their warm-up. */

import { checkSteps, type Schedule } from "./schedule.ts";

/**
 * `initial / √(1 + step / scale)`. After a warm-up of `scale` steps it is transformers' `get_inverse_sqrt_schedule`.
 *
 * @example
 * const rate = schedules.warmUp(schedules.inverseRoot(1e-3, { scale: 400 }), { steps: 400 });
 */
export function inverseRoot(initial: number, { scale }: { scale: number }): Schedule {
  checkSteps("schedules.inverseRoot: scale", scale);
  return (now) => initial / Math.sqrt(1 + now / scale);
}
