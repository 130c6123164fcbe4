/** Up and down in straight lines, again and again. Smith 2017, "Cyclical learning rates", arXiv:1506.01186; as PyTorch's CyclicLR. */

import { checkChoice } from "../check-choice.ts";
import { checkSteps, type Schedule } from "./schedule.ts";

export interface CyclicOptions {
  /** The value half-way through a cycle. */
  peak: number;
  /** Steps from the initial value to the peak. Default 2000. */
  rise?: number;
  /** Steps back. Default `rise`. */
  fall?: number;
  /** How the height of the peak changes: `constant`, `halve` from cycle to cycle, or `decay` by `factor` at each step. Default `constant`. */
  height?: "constant" | "halve" | "decay";
  /** For `decay`. Default 1. */
  factor?: number;
}

/**
 * From `initial` to `peak` and back. A momentum that goes with a learning rate goes the other way: its peak is the lower one.
 *
 * @example
 * const momentum = schedules.cyclic(0.9, { peak: 0.8, rise: 500 });
 * momentum(500); // 0.8
 */
export function cyclic(initial: number, { peak, rise = 2000, fall = rise, height = "constant", factor = 1 }: CyclicOptions): Schedule {
  checkSteps("schedules.cyclic: rise", rise);
  checkSteps("schedules.cyclic: fall", fall);
  checkChoice("schedules.cyclic", ["height", height], { of: ["constant", "halve", "decay"] });
  const period = rise + fall;
  return (now) => {
    const place = now % period;
    const share = place <= rise ? place / rise : (period - place) / fall;
    const scale = height === "constant" ? 1 : height === "halve" ? 0.5 ** Math.floor(now / period) : factor ** now;
    return initial + (peak - initial) * share * scale;
  };
}
