/** A slow start before any other schedule. Goyal et al. 2017, arXiv:1706.02677, section 2.2. */

import { checkSteps, type Schedule } from "./schedule.ts";

/**
 * A straight line from `start` times the schedule's first value up to it, in `steps` steps; then the schedule, from its own step 0.
 *
 * @param options.start  Share of the first value at step 0. Default 0.
 * @example
 * const learningRate = schedules.warmUp(schedules.cosine(3e-4, { steps: 9500 }), { steps: 500 });
 */
export function warmUp(schedule: Schedule, { steps, start = 0 }: { steps: number; start?: number }): Schedule {
  checkSteps("schedules.warmUp: steps", steps, 0);
  return (now) => (now < steps ? schedule(0) * (start + ((1 - start) * now) / steps) : schedule(now - steps));
}
